// Package reinforce learns by acting: environments, agents, and the stages that train them
// (lecture 2.4).
//
//   - Environment: CartPole and Catch; one's own has four methods. Copies of it run side by
//     side, so that a network acts on a batch
//   - QLearning, QStage: deep Q-learning with replay memory and target network (Mnih et al.
//     2015, "Human-level control through deep reinforcement learning"), and without either
//   - Policy, PolicyStage: REINFORCE with a baseline (Williams 1992, "Simple statistical
//     gradient-following algorithms for connectionist reinforcement learning"), and without
//   - Player: the greedy policy of a trained network in episodes of its own, with each Moment of them if wanted
//
// Letters: s is the state, x (m,n) observations, one a row; a an action, in graphs one-hot
// (m,k); r the reward, γ the discount; G the return, the sum of the rewards from a step on,
// each γ times less than the one before.
//
// The networks are models.MLP, and what trains them is the symbolic gradient of a cost: the
// temporal-difference error with its target held constant by ops.StopGradient, or
// −log π(a|s) times an advantage that is.
//
// A stage can be interrupted between any two rounds and goes on with the same bytes. Its
// snapshot has the replay memory, the environments' states, and the states of all
// generators. So that it stays small, a state is what an environment needs to go on, not the
// picture of it: 3 numbers for a screen of Catch.
package reinforce
