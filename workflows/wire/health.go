package wire

// TypePredictorHealth is the workflow that a schedule starts, beside the leads. It lives in every history ever written: never rename
// it.
const TypePredictorHealth = "PredictorHealth"

// ScheduleID is the id of its schedule: houses that share a namespace have one each.
func ScheduleID(taskQueue string) string { return "predictor-health/" + taskQueue }

// PredictorsSeen is what a run of it answers.
type PredictorsSeen struct {
	Seen    int `json:"seen"`    // predictors in use
	Retrain int `json:"retrain"` // of them, how many are not what they were
	TooFew  int `json:"too_few"` // of them, of how many nothing can be said yet
}
