package main
func (r *reporter) curveClaims() {}
func (r *reporter) convergenceClaims() {}
func (r *reporter) orderClaims() {}
func (r *reporter) unitClaims() {}
