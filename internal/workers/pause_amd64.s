#include "textflag.h"

// func pause()
//
// Two PAUSE instructions, about 0.1 µs: a spinning processor leaves its twin and the
// memory bus alone.
TEXT ·pause(SB), NOSPLIT, $0-0
	PAUSE
	PAUSE
	RET
