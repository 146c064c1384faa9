using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <content>What fits refuse.</content>
static partial class EvaluateThrow
{
    public static UserErrorException TooFewEpisodesForFolds(int episodes, int folds) =>
        new(Text($"values.folds is {folds}, and all {episodes} episodes of the log fall into one fold, so that there are none to fit on; expected more episodes. Use a larger part of the log, or set values.folds to 1 to fit on the log itself, which the report then says."));

    public static UserErrorException NothingToFit() =>
        new("No step of the log has a known next observation or ends its episode, so no value can be fitted; expected at least one. Set values.horizon to finite, or import the log with its next observations.");

    public static UserErrorException FitNeverEnds() =>
        new("The fitted values do not settle: with discount 1 the policy goes around in what the log shows without ever ending an episode. Set a discount below 1, values.horizon to finite, or use a larger part of the log.");

    public static UserErrorException InfiniteNeedsDiscount(string dataset, int cut) =>
        new(Text($"values.horizon is infinite, the discount is 1, and {cut} episodes of {dataset} were cut: what would come after the cuts has no finite value. Set a discount below 1; where values are fitted, values.horizon finite does as well."));

    public static UserErrorException FitNeedsStates(string kind, Space observations, string dataset) =>
        new($"values.kind is {kind}, which needs observations that are states, and those of {dataset} are {observations}. Set values.kind to linear or deep.");

    public static UserErrorException FitNeedsDiscreteActions(string kind, Space actions, string dataset) =>
        new($"values.kind is {kind}, which needs discrete actions, and those of {dataset} are {actions}. Set values.kind to linear or deep.");

    public static UserErrorException FitNeedsAPolicyThatActs(string dataset) =>
        new($"The policy is known on the rows of {dataset} alone, and its actions are continuous: a fit has to draw its actions. Name one that can act, run:NAME or builtin:NAME.");

    public static UserErrorException UnknownState(float found, int states, string dataset, int episode) =>
        new(Text($"Dataset {dataset}, episode {episode}: the observation {found} was found; expected a state from 0 to {states - 1}. Check the dataset with 'offlinerl datasets check'."));

    public static UserErrorException TooManyFeatures(string kind, int features, int limit) =>
        new(Text($"values.kind {kind} would solve for {features} weights; expected at most {limit}. Set values.kind to {(kind == "linear" ? "tabular or deep" : "deep")}."));

    public static UserErrorException LinearIsSingular() =>
        new("The linear fit has no unique solution: some feature never changes in the log. Set values.ridge to a larger number, such as 1e-3.");

    public static UserErrorException DeepFitDiverged(double found, double low, double high, long steps) =>
        new(Text($"The deep fit diverged: after {steps} steps it gives values of {found:g4}, and no return of rewards such as the log's lies outside [{low:g4}, {high:g4}]. Set values.deep.learning_rate lower, values.deep.target_period_steps higher, or a smaller discount."));
}
