using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

// Of selection: what two reports that do not fit together say.
static partial class EvaluateThrow
{
    public static UserErrorException NoEstimates(string folder) =>
        new($"The report {folder} has no estimates.csv; expected the estimates that 'offlinerl evaluate ope' writes. Make them with it, and name that report with --estimates.");

    public static UserErrorException BadEstimates(string path, Exception inner) =>
        new($"{path}: not the rows of estimates ({inner.Message.Split('\n')[0].Trim().TrimEnd('.')}). Estimate again with 'offlinerl evaluate ope'.", inner);

    public static UserErrorException SeveralLogs(string folder, IEnumerable<string> logs) =>
        new($"The report {folder} has estimates from several logs: {string.Join("; ", logs)}. Expected one: policies are ranked on the same episodes. Name a report of 'offlinerl evaluate ope'.");

    public static UserErrorException NoEstimator(string name, string folder, IEnumerable<string> known) =>
        new($"The estimator '{name}' is not in {folder}; there are: {string.Join(", ", known)}. Name one of them, or estimate again with it.");

    public static UserErrorException OnePolicy(string folder, string policy) =>
        new($"The report {folder} has estimates of one policy, {policy}; expected at least two to choose from. Estimate several, for example with --policy run:NAME@all.");

    public static UserErrorException DuplicateEstimate(string folder, string policy, string estimator) =>
        new($"The report {folder} has two estimates of {policy} by {estimator}; expected one. Name each policy once and estimate again.");

    public static UserErrorException NoRollouts(string folder) =>
        new($"The report {folder} has no rollouts.csv; expected a report of 'offlinerl evaluate rollout' as the truth. Roll the policies out, and name that report with --truth.");

    public static UserErrorException TruthElsewhere(string folder, string expected, IEnumerable<string> found) =>
        new($"The report {folder} has no episodes on {expected}, the environment of the log; it has: {string.Join(", ", found)}. Roll out with --task nominal, or name the task that is to count with --task.");

    public static UserErrorException NoTruthTask(string folder, string task, IEnumerable<string> found) =>
        new($"The report {folder} has no episodes of the task '{task}'; it has: {string.Join(", ", found)}. Name one of them with --task.");

    public static UserErrorException NoCommonPolicies(string estimates, string estimated, string truth, string rolledOut) =>
        new($"No policy is in both reports: {estimates} has {estimated} and the like, {truth} has {rolledOut} and the like. Expected the same runs, options, seeds and steps in both, such as --policy run:NAME@all,epsilon=0.1 for both; where only the options differ, add --set ignore_options=true.");

    public static UserErrorException OneCommonPolicy(string policy) =>
        new($"Only one policy is in both reports, {policy}; expected at least two. Estimate and roll out the same ones.");

    public static UserErrorException DuplicateTruth(string folder, string policy, int episode) =>
        new(Text($"The report {folder} has episode {episode} of {policy} twice; expected each once. Where ignore_options joins several of them, choose one; else roll out again, naming each policy and task once."));

    public static UserErrorException RunChanged(string policy, string estimates, string truth) =>
        new($"{policy} has other parameters in {estimates} than in {truth}: the run was trained again in between. Make both reports again from the run as it is.");
}
