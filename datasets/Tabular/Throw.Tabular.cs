using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>Of MDPs in tables.</summary>
static partial class Throw
{
    public static UserErrorException MdpSizes(string source, long states, long actions) =>
        new($"{source}: {states} states and {actions} actions were found; expected at least one of each, and fewer than {Array.MaxLength} pairs.");

    public static UserErrorException MdpDiscount(string source, double discount) =>
        new(Invariant($"{source}: the discount is {discount}; expected 0 to 1."));

    public static UserErrorException MdpIndex(string where, string what, long found, int count) =>
        new($"{where}: {what} {found} was found; expected 0 to {count - 1}.");

    public static UserErrorException MdpProbability(string where, int state, int action, int next, double found) =>
        new(Invariant($"{where}: state {state}, action {action}: the probability of next state {next} is {found}; expected 0 to 1."));

    public static UserErrorException MdpReward(string where, int state, int action, int next, double found) =>
        new(Invariant($"{where}: state {state}, action {action}: the reward on the way to state {next} is {found}; expected a finite number."));

    public static UserErrorException MdpStart(string where, int state, double found) =>
        new(Invariant($"{where}: the probability to start in state {state} is {found}; expected 0 to 1."));

    public static UserErrorException MdpStartSum(string source, double sum) =>
        new(Invariant($"{source}: the start probabilities sum to {sum:R}; expected 1 within {TabularMdpBuilder.LoadTolerance}."));

    public static UserErrorException MdpStartsTerminal(string source, IReadOnlyList<string>? names, int state) =>
        new($"{source}: an episode may start in {Named("state", state, names)}, which has no transitions: it would end before its first step. Add its transitions, or set its start probability to 0.");

    public static UserErrorException MdpLength(string source, string what, long found, long expected) =>
        new($"{source}: the {what} has {found} numbers; expected {expected}.");

    public static UserErrorException MdpNameTwice(string source, string what, string name) =>
        new($"{source}: the {what} name '{name}' stands twice; expected each once.");

    public static UserErrorException MdpRowSum(string source, IReadOnlyList<string>? states, IReadOnlyList<string>? actions, int state, int action, double sum) =>
        new(Invariant($"{source}: {Named("state", state, states)}, {Named("action", action, actions)}: the probabilities sum to {sum:R}; expected 1 within {TabularMdpBuilder.LoadTolerance}."));

    public static UserErrorException MdpNoRow(TabularMdp mdp, int state, int action) => MdpNoRow(mdp.Source, mdp.StateNames, mdp.ActionNames, state, action);

    public static UserErrorException MdpNoRow(string source, IReadOnlyList<string>? states, IReadOnlyList<string>? actions, int state, int action) =>
        new($"{source}: {Named("state", state, states)}, {Named("action", action, actions)} is allowed and has no transitions; add them, forbid the action with a mask, or leave out all of the state's transitions if it is terminal.");

    public static UserErrorException MdpNothingAllowed(string source, IReadOnlyList<string>? names, int state) =>
        new($"{source}: the mask allows no action in {Named("state", state, names)}; expected at least one.");

    public static UserErrorException MdpDeadEnd(string source, IReadOnlyList<string>? names, int next, int state, int action) =>
        new($"{source}: state {state}, action {action} leads to {Named("state", next, names)}, which has no transitions; add them, or mark the transition or the state as terminal.");

    public static UserErrorException MdpNotFinite(TabularMdp mdp, int state, double value) =>
        new(Invariant($"{mdp.Source}: with discount 1 the value of {mdp.StateText(state)} is not finite ({value}): from there an episode may never end while rewards go on. Use a discount below 1, evaluate up to a step limit, or choose a policy whose episodes end."));

    public static UserErrorException MdpNotConverged(TabularMdp mdp, string method, double residual) =>
        new(Invariant($"{mdp.Source}: the linear system of {mdp.StateCount} states was not solved by {method} (residual {residual:0.0e+00}). Use a discount farther below 1, or fewer states."));

    public static UserErrorException PolicyShape(TabularMdp mdp, int found) =>
        new($"{mdp.Source}: the policy has {found} probabilities; expected {mdp.StateCount} states times {mdp.ActionCount} actions.");

    public static UserErrorException PolicyRow(TabularMdp mdp, int state, string what) =>
        new($"{mdp.Source}: the policy's row of {mdp.StateText(state)} {what}.");

    public static UserErrorException MdpTooLarge(string source, long states, long actions, long transitions) =>
        new($"{source}: {states} states and {actions} actions for {transitions} transitions; expected 1 to {TabularFiles.MostStates} states, and about one pair of state and action for each transition.");

    public static UserErrorException MdpFolder(string path) =>
        new($"'{path}' holds no MDP: expected a .npz file, or a folder with transitions.csv and start.csv (or ICU-Sepsis' transitionFunction.csv, rewardFunction.csv and initialStateDistribution.csv).");

    public static UserErrorException MdpNpzKeys(string path, IEnumerable<string> found) =>
        new($"'{path}' holds the arrays {string.Join(", ", found)}; expected state, action, next_state, probability, reward and start, or tx_mat, r_mat and d_0.");

    public static UserErrorException MdpShape(string path, string name, IReadOnlyList<long> found, string expected) =>
        new($"'{path}', array '{name}' has the shape ({string.Join(", ", found)}); expected {expected}.");

    public static UserErrorException MdpAdmissible(string path, int line, string what) => new($"'{path}', line {line}: {what}.");

    public static UserErrorException CsvColumns(string path, IReadOnlyList<string> found, IReadOnlyList<string> required, IReadOnlyList<string> optional) =>
        new($"'{path}' has the columns {(found.Count == 0 ? "(none)" : string.Join(", ", found))}; expected {string.Join(", ", required)}{(optional.Count == 0 ? "" : $" and optionally {string.Join(", ", optional)}")}.");

    public static UserErrorException CsvFault(string where, string what) => new($"{where}: {what}.");

    public static UserErrorException CsvUnreadable(string path, string reason) => new($"'{path}' cannot be read: {reason.TrimEnd('.')}.");

    static string Named(string what, int index, IReadOnlyList<string>? names) =>
        names is not null && index < names.Count ? $"{what} {index} ('{names[index]}')" : $"{what} {index}";

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
