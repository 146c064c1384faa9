using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Evaluate;

/// <summary>Every error this stage raises: what was found, what was expected, where, what to do.</summary>
static partial class EvaluateThrow
{
    public static UserErrorException Discount(double found) =>
        new(Text($"Discount {found} was found; expected a number from 0 to 1. Set 'discount'."));

    public static UserErrorException EpisodeOffsets(int offsets, int rows) =>
        new(Text($"{offsets} episode offsets for {rows} rows were found; expected at least two offsets, from 0 to the number of rows. There is no episode to evaluate on."));

    public static UserErrorException ColumnLengths(int rewards, int evaluation, int behavior) =>
        new(Text($"Columns of different lengths were found: {rewards} rewards, {evaluation} evaluation and {behavior} behavior log-probabilities; expected the same number of each."));

    public static UserErrorException EmptyEpisode(int episode) =>
        new(Text($"Episode {episode} has no step; expected at least one. Run 'offlinerl datasets check'."));

    public static UserErrorException BehaviorLogProbability(double found, int episode, int step) =>
        new(Text($"The logged log-probability {found} was found at episode {episode}, step {step}; expected a finite number, for what was logged was possible. Correct the source's probabilities and import it again."));

    public static UserErrorException EvaluationLogProbability(double found, int episode, int step) =>
        new(Text($"The evaluation policy gives the logged action the log-probability {found} at episode {episode}, step {step}; expected a number or -infinity. Check the policy's columns for NaN."));

    public static UserErrorException Reward(double found, int episode, int step) =>
        new(Text($"Reward {found} was found at episode {episode}, step {step}; expected a finite number. Run 'offlinerl datasets check'."));

    public static UserErrorException PolicySpec(string text) =>
        new($"The policy '{text}' was found; expected run:NAME[@last|@offline_best|@all|@step=N][,seed=K][,epsilon=E][,temperature=T], run:NAME,plan=cem, builtin:NAME[?noise=S&epsilon=E], columns:probs=COLUMN or columns:logits=COLUMN[,temperature=T], or table:FILE. Name one of them with --policy.");

    public static UserErrorException PolicyOption(string text, string key, string value, double least, double most) =>
        new(Text($"The policy '{text}' has {key}={value}; expected a number from {least} to {most}."));

    public static UserErrorException UnknownPolicyOption(string text, string key, string known) =>
        new($"The policy '{text}' has the option '{key}'; expected {known}.");

    public static UserErrorException PlanOption(string text, string fault) =>
        new($"The policy '{text}' cannot plan: {fault}");

    public static UserErrorException PlanOfflineBest(string text) =>
        new($"The policy '{text}' plans through the world model of the smallest error, which is not kept apart; expected @last, @all or @step=N with plan=.");

    public static UserErrorException NoModel(string text, string folder, string found) =>
        new($"The policy '{text}' plans through a world model that is not below {folder}; there are: {found}. Train one with 'offlinerl train --algorithm world_model', or name a step that is stored.");

    public static UserErrorException RunWithoutModel(string run, string algorithm, string folder) =>
        new($"Run {run} ({algorithm}) stored no world model in {Path.Combine(folder, "seed-N", "models")}; expected a run of a learner that has one, such as world_model, world_models, vae_dreamer or dreamer. Train one with 'offlinerl train --algorithm world_model'.");

    public static UserErrorException NoModelOfSeed(string run, ulong seed, IEnumerable<ulong> found) =>
        new(Text($"Run {run} has no world model of seed {seed}; it has those of seeds {string.Join(", ", found)}. Name one of them with --seed, or leave it out for all."));

    public static UserErrorException RunsOfOneName(string name, IEnumerable<string> folders) =>
        new($"Two runs are called {name}: {string.Join(" and ", folders)}; expected runs that their names tell apart. Report one of them.");

    public static UserErrorException ModelReport(string folder) =>
        new($"The report {folder} is of world models and has neither scores nor estimates; expected reports of rollouts or estimates. Several models stand side by side in one report with 'offlinerl evaluate model --run RUN --run OTHER'.");

    public static UserErrorException ModelWithoutPolicy(string text, string folder) =>
        new($"The policy '{text}' names a run that learned a world model and no policy ({folder}); expected a run with policies. Plan through the model with run:NAME,plan=cem.");

    public static UserErrorException PlanHasNoNetwork(string text) =>
        new($"The policy '{text}' plans at each step, and no network is what it does; expected run:NAME without plan=.");

    public static UserErrorException BestSnapshot(string text, string run) =>
        new($"The policy '{text}' asks for the best snapshot; which one that is, only scores can say. Score all of them with --policy run:{run}@all: the table then has 'last' and 'best' apart. The one with the smallest error on held-out transitions is run:{run}@offline_best.");

    public static UserErrorException NoOfflineBest(string text, string seedFolder) =>
        new($"The policy '{text}' names the snapshot of the smallest error on held-out transitions, and {seedFolder} has no best.json: none was compared. Train with guard.held_out_transitions above 0 on a dataset that is split, or name @last or @step=N.");

    public static UserErrorException NoSnapshot(string text, string folder, string found) =>
        new($"The policy '{text}' names a snapshot that is not below {folder}; there are: {found}. Name one of them, or train until it is stored.");

    public static UserErrorException NoSeed(string text, string folder, string seeds) =>
        new($"The policy '{text}' names a seed that {folder} does not have; there are: {seeds}.");

    public static UserErrorException ColumnsInRollout(string text) =>
        new($"The policy '{text}' is known on logged rows only; expected run:NAME or builtin:NAME, which can act. Score it with 'offlinerl evaluate ope'.");

    public static UserErrorException BuiltInNeedsEnvironment(string text) =>
        new($"The policy '{text}' needs an environment, and no dataset names one. Set 'environment', for example --environment CartPole-v1.");

    public static UserErrorException TaskNeedsEnvironment(string task) =>
        new($"The task '{task}' refers to the environment of the policies' dataset, and there is none. Set 'environment', for example --environment CartPole-v1, or name tasks by id, such as CartPole-v1?length=0.8.");

    public static UserErrorException UnknownTask(string task, string environment, IEnumerable<string> variants) =>
        new($"Unknown task '{task}': it is neither an environment's id nor a held-out variant of {environment}.{NearestName.Hint(task, ["nominal", "held_out", .. variants, .. EnvironmentRegistry.All.Select(d => d.Id)])}");

    public static UserErrorException NoHeldOutVariants(string environment) =>
        new($"The environment {environment} declares no held-out variants; expected at least one for the task 'held_out'. Name tasks by id instead.");

    public static UserErrorException ColumnsNeedDiscrete(string text, Space found) =>
        new($"The policy '{text}' gives a probability for each action, and the dataset's actions are {found}; expected discrete actions.");

    public static UserErrorException StoredDistribution(string text, long row, string dataset) =>
        new(Text($"The policy '{text}' has no distribution at row {row} of {dataset}: a number is NaN or negative, or no allowed action has a positive probability. Correct the column and import it again."));

    public static UserErrorException ProbabilitySum(string text, double sum, double tolerance, long row, string dataset) =>
        new(Text($"The probabilities of the policy '{text}' over the allowed actions sum to {sum:0.######} at row {row} of {dataset}; expected 1 within {tolerance}. Correct the column and import it again, or name it as logits."));

    public static UserErrorException TablePolicyFile(string text, string file, int actions, Exception inner) =>
        new(Text($"The policy '{text}' names {file}, which is no table of probabilities ({inner.Message.Split('\n')[0].Trim().TrimEnd('.')}); expected a CSV file with the columns action (0 to {actions - 1}) and probability, and key columns such as observation_0."), inner);

    public static UserErrorException TablePolicySum(string text, string keys, string key, double sum, double tolerance) =>
        new(Text($"The probabilities of the policy '{text}'{(keys.Length > 0 ? $" where {keys} is {key}" : "")} sum to {sum:0.######} or hold a negative number; expected 1 within {tolerance}. Correct the file."));

    public static UserErrorException TablePolicyRow(string text, string keys, string key, long row, string dataset) =>
        new(Text($"The policy '{text}' has no row where {keys} is {key}, which row {row} of {dataset} needs; expected a distribution for every value in the log. Add it to the file."));

    public static UserErrorException TablePolicyObservation(string text, string name, int size) =>
        new(Text($"The policy '{text}' has the key column '{name}'; expected observation_0 to observation_{size - 1}, or a column of the dataset."));

    public static UserErrorException NoBehaviorProbabilities(string whose, string dataset) =>
        new($"{Capital(whose)} is the behavior policy's whole distribution, and {dataset} does not store it. Name an info column instead.");

    public static UserErrorException ColumnWidth(string whose, string column, int width, int actions) =>
        new(Text($"{Capital(whose)} names {column}, which has {width} values a step; expected a list of {actions}, one for each action."));

    public static UserErrorException NoPolicyColumn(string whose, string column, int actions, ColumnsInfo info) =>
        new(Text($"{Capital(whose)} names '{column}', and {info.Dataset} has neither info_{column} as a list of {actions} nor info_{column}_0 to info_{column}_{actions - 1}; it has: {(info.InfoColumns.Count == 0 ? "no info columns" : string.Join(", ", info.InfoColumns.Select(c => c.Name)))}."));

    public static UserErrorException ValueLengths(int steps, int actionValues, int stateValues) =>
        new(Text($"{actionValues} action values and {stateValues} state values were found for {steps} steps; expected one of each a step."));

    public static UserErrorException ValueNotFinite(double actionValue, double stateValue, int row) =>
        new(Text($"The values q = {actionValue} and v = {stateValue} were found at row {row} of the episodes evaluated on; expected finite numbers. Correct the columns that 'values' names, or the model that gave them."));

    public static UserErrorException ValueColumnOfOneAction(string column) =>
        new($"The values 'q' name '{column}', the value of the logged action alone, and 'values.v' is not set; v, the policy's mean value, cannot be made from it. Set values.v to the column of state values.");

    public static UserErrorException ValueColumnWidth(string column, int width) =>
        new(Text($"The values 'v' name '{column}', which has {width} numbers a step; expected one."));

    public static UserErrorException UnknownPropensities(string dataset) =>
        new($"The dataset {dataset} does not know with which probability its actions were drawn (propensity_source unknown); importance sampling needs it. Import it with the column of behavior probabilities in the map, record it with 'offlinerl ingest record', or score the policy with 'offlinerl evaluate rollout'.");

    public static UserErrorException UnknownPropensities(string dataset, string estimator) =>
        new($"The estimator '{estimator}' weighs by probabilities, and the dataset {dataset} does not know with which its actions were drawn (propensity_source unknown). Import it with the column of behavior probabilities in the map, or name estimators that need none, such as dm with 'values'.");

    public static UserErrorException UnknownEstimator(string name, IEnumerable<string> known) =>
        new($"Unknown estimator '{name}'.{NearestName.Hint(name, known.ToList())}");

    public static UserErrorException EstimatorOption(string text, double largest, bool hasLambda, bool hasTuning) =>
        new(hasLambda
            ? Text($"The estimator '{text}' was found; expected its name, or with ?lambda=L or ?lambdas=L;L;L{(hasTuning ? ", &tune=mse" : "")}, where L is {(hasTuning ? "a number from 0" : "a bandwidth above 0")}{(largest < double.MaxValue ? $" to {largest}" : "")}.")
            : $"The estimator '{text}' was found; expected its name alone: it has no lambda.");

    public static UserErrorException EstimatorForOtherPolicies(string estimator, bool hasPropensities, string applying) =>
        new($"The estimator '{estimator}' is for policies that {(hasPropensities ? "have no probabilities or densities, and this one has" : "have probabilities or densities, and this one is deterministic over continuous actions")}; these apply: {applying}.");

    public static UserErrorException NotSingleDecisions(int maxLength) =>
        new(Text($"Episodes of up to {maxLength} steps were found; expected single decisions. Take is, pdis or dr."));

    public static UserErrorException ActionsDoNotVary(string dataset) =>
        new($"A dimension of the actions of {dataset} never changes; kernel weights need actions around those of the policy.");

    public static UserErrorException NoValues(string estimator) =>
        new($"The estimator '{estimator}' takes values q and v, and 'values.kind' is none. Set it, for example values.kind=linear (tabular where states are discrete), or to columns with values.q and values.v.");

    public static UserErrorException CorrectionPastCuts(string estimator, string dataset) =>
        new($"The estimator '{estimator}' corrects values by logged rewards, which end where episodes of {dataset} were cut, and with 'values.horizon' infinite the values go on. Set values.horizon to finite, or take dm, mis or model_based.");

    public static UserErrorException EstimatorForOtherLogs(string estimator, string dataset, int maxLength, string applying) =>
        new(Text($"The estimator '{estimator}' is for {(maxLength > 1 ? "single decisions" : "episodes of several steps")}, and the longest episode of {dataset} has {maxLength} {(maxLength > 1 ? "steps" : "step")}; these apply: {applying}."));

    public static UserErrorException UnknownPropensity(string dataset, int episode, int step) =>
        new(Text($"The dataset {dataset} has no behavior log-probability at episode {episode}, step {step}; expected one for every step. Choose a part of the split without such episodes, or import the log again without them."));

    public static UserErrorException UnknownSplit(string split, ColumnsInfo info) =>
        new($"The split '{split}' was found; {info.Dataset} has: {string.Join(", ", info.Splits)}. Set 'split' to one of them, or leave it out for all episodes.");

    public static UserErrorException EmptySplit(string split, ColumnsInfo info) =>
        new($"No episode of {info.Dataset} is in {(split.Length == 0 ? "it" : $"the part '{split}'")}; expected at least one. Set 'split' to another part, or leave it out.");

    public static UserErrorException TooManySteps(long steps, string dataset) =>
        new(Text($"{steps} steps of {dataset} were found; expected at most {Array.MaxLength} for one estimate. Set 'split' to a smaller part."));

    public static UserErrorException PolicyWithoutDensity(string policy, Space actions) =>
        new($"The policy '{policy}' is deterministic over {actions}: no logged action has a probability ratio under it. Put noise around it, for example {policy}?noise=0.3, name the estimator kernel_is, or score it with 'offlinerl evaluate rollout'.");

    public static UserErrorException PolicyWithMemory(string policy) =>
        new($"The policy {policy} keeps a memory of the episode, which its log-probabilities on a log would need step by step; expected one without. Score it with 'offlinerl evaluate rollout'.");

    public static UserErrorException NothingToSave(string dataset, IEnumerable<string> tasks) =>
        new($"The dataset '{dataset}' would be empty: {string.Join(", ", tasks)} {(tasks.Count() == 1 ? "is" : "are")} kept back for evaluation and never recorded. Add a task that may be, such as --task nominal, or leave out --save-dataset.");

    public static UserErrorException NothingToDraw(IEnumerable<string> tasks) =>
        new($"Nothing can be drawn of {string.Join(", ", tasks)}: nothing paints what is observed there, and the environment does not draw itself. Leave out --draw.");

    public static UserErrorException LatentToExport(string policy) =>
        new($"The policy {policy} acts on the latent states of a world model, whose encoder and memory an export does not write; expected one that reads observations. Clone it first: record with it, and train 'bc' on that log.");

    public static UserErrorException PlansToAct(string policy) =>
        new($"The policy {policy} plans with a model of the environment at every step, which is no network from observations to actions; expected one that is. Clone it first: record with it, and train 'bc' on that log.");

    public static UserErrorException Remembers(string policy) =>
        new($"The policy {policy} keeps a memory of the episode, which a model from one observation to one action has no place for; expected one without. Clone it first: record with it, and train 'bc' on that log.");

    public static UserErrorException NoNetworkToExport(string text) =>
        new($"The policy '{text}' cannot be exported: it is rules or columns, and a model needs a trained policy; expected run:NAME. Clone it first: record with it, and train 'bc' on that log.");

    public static UserErrorException SeveralPoliciesOneFile(string path, IReadOnlyList<PolicyCandidate> policies) =>
        new(Text($"'{path}' is one file, and {policies.Count} policies were named: {string.Join(", ", policies.Take(5).Select(p => Text($"{p.Policy} seed {p.Seed} step {p.Step}")))}{(policies.Count > 5 ? ", ..." : "")}. Name one with ',seed=K', or a folder with --out."));

    public static UserErrorException ExportIsNoFolder(string path) =>
        new($"'{path}' is a file and does not end in .onnx; expected a name that ends in .onnx, or a folder to make. Choose another with --out.");

    public static UserErrorException PolicyTooLarge(string policy, long weights) =>
        new(Text($"The policy {policy} has {weights} weights or more; expected at most 500 million, since an ONNX file of one piece stays below two gigabytes."));

    public static UserErrorException NoReport(string name, string folder, string known) =>
        new($"There is no report '{name}' below {folder}; there are: {known}. Make one with 'offlinerl evaluate rollout' or 'offlinerl evaluate ope'.");

    public static UserErrorException RunIsNoReport(string name) =>
        new($"'{name}' is a run; expected a report. Score it first with 'offlinerl evaluate rollout --policy run:{name}', and compare that report.");

    public static UserErrorException CompareOfCompare(string folder) =>
        new($"The report {folder} is itself a comparison; expected reports of rollouts or estimates. Name those that it was made from.");

    public static UserErrorException ReportsDisagree(RolloutRow row, string folder, RolloutRow other, string otherFolder) =>
        new(Text($"Two reports disagree: {row.Policy} on {row.Environment}, seed {row.Seed}, step {row.Step}, episode {row.Episode} has return {row.Return} in {folder} and {other.Return} in {otherFolder}. The run was trained again in between; roll it out again and compare the new reports."));

    public static UserErrorException BadRollouts(string path, Exception inner) =>
        new($"{path}: not the rows of a rollout ({inner.Message.Split('\n')[0].Trim().TrimEnd('.')}). Roll out again with 'offlinerl evaluate rollout'.", inner);

    static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    public static UserErrorException NewerSchema(string path, int found, int known) =>
        new(Text($"{path} has schema_version {found}; expected at most {known}. A later version of the tool wrote it: read it with that one, or make the report again with this one."));

    public static UserErrorException NothingShared(string before, string beforePolicies, string after, string afterPolicies) =>
        new($"The reports have no score and no estimate of the same policy: {before} has {beforePolicies}; {after} has {afterPolicies}. Name two reports of the same policies, or put different ones side by side with 'offlinerl evaluate compare'.");

    public static UserErrorException SameReport(string folder) =>
        new($"{folder} was named twice; expected two reports, for example NAME-v1 and NAME-v2.");

    public static UserErrorException OneVersion(string name, int versions, string folder) =>
        new(Text($"'{name}' has {versions} versions below {folder}; expected at least two, of which the newest two are compared. Name two reports."));

    public static UserErrorException DiffOfDiff(string folder) =>
        new($"The report {folder} is itself a comparison of two; expected reports of 'offlinerl evaluate rollout', 'ope', 'compare' or 'select'.");

    public static UserErrorException NoReportConfig(string folder) =>
        new($"{Path.Combine(folder, "config.yaml")} is not there; expected it in every report. The folder was damaged: make the report again.");

    public static UserErrorException BadTable(string path, string found, Exception? inner = null) =>
        new($"{path}: {found}; expected a table of a report as it was written. Make the report again.", inner);

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
