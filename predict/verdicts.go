package predict

import (
	"fmt"
	"math"

	"github.com/leadflow-dev/leadflow/domain/effect"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// judge writes down what is said of a rule.
func judge(e *record.RuleEffect, c effect.Claim, v effect.Verdict) {
	e.Verdict = v.Code
	if c.With.Tried == 0 || c.Without.Tried == 0 {
		return
	}
	e.Promised = new(c.Promised)
	e.Odds = &effect.Bounds{Value: math.Exp(c.Worth.Effect), Low: math.Exp(c.Worth.Effect - effect.Z95*c.Worth.Error), High: math.Exp(c.Worth.Effect + effect.Z95*c.Worth.Error)}
	if min(c.With.Tried, c.Without.Tried) < effect.Least {
		e.Says = fmt.Sprintf("it met %d leads and not %d: %d of each are needed", c.With.Tried, c.Without.Tried, effect.Least)
		return
	}
	e.P = new(v.P)
	e.Says = fmt.Sprintf("%s against %s of the others; its points promise %s", percent(c.With.Rate()), percent(c.Without.Rate()), percent(min(1, max(0, c.Without.Rate()+c.Promised))))
	if v.Code == effect.TooFew {
		e.Says += ": that may be chance as well as nothing"
	}
}

// percent is a share as people say it: 2 %, and 0.4 %.
func percent(share float64) string {
	if share > 0 && share < 0.0095 {
		return fmt.Sprintf("%.1f %%", 100*share)
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}
