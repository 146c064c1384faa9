using OfflineRL.Datasets;

namespace OfflineRL.Environments;

static partial class Throw
{
    public static UserErrorException TabularTooManyStates(EnvironmentIdentity identity, int states) =>
        new($"Environment '{identity}' has {states} states; observations are float32, which tells at most {TabularEnvironment.MostStates} apart.");

    public static ArgumentOutOfRangeException TabularState(EnvironmentIdentity identity, double state, int states) =>
        new(nameof(state), state, FormattableString.Invariant($"{identity.Id}: state {state}; expected a whole number from 0 to {states - 1} that is not terminal."));

    public static ArgumentOutOfRangeException TabularActionForbidden(TabularMdp mdp, int instance, int state, ReadOnlySpan<int> actions) =>
        new(nameof(actions), actions[instance], $"Action {actions[instance]} in instance {instance} is not allowed in {mdp.StateText(state)}; choose one that the mask allows.");

    public static UserErrorException TabularParameter(EnvironmentIdentity identity, string name, string expected) =>
        new(FormattableString.Invariant($"Environment '{identity.Id}': {name} is {identity.Parameters[name]}; expected {expected}."));

    public static UserErrorException TablesPath(string id) =>
        new($"Environment '{id}' names no file; expected tables:FILE.npz or tables:FOLDER, for example tables:data/dynamics.npz.");

    public static UserErrorException TablesChanged(string id, string path, string found) =>
        new($"Environment '{id}': the tables in '{path}' are others than those that were named (#{found} now); use 'tables:{path}' for what is there, or bring back the file.");
}
