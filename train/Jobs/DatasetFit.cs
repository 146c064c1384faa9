using OfflineRL.Datasets;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.Tabular;

namespace OfflineRL.Train;

/// <summary>Whether a dataset can be learned from by an algorithm, said in one message before there is a folder.</summary>
static unsafe class DatasetFit
{
    /// <exception cref="UserErrorException">It cannot; the message says why, and where.</exception>
    public static void Check(TrainConfig config, TrainingColumns columns)
    {
        if (TabularTable.Find(config.Algorithm) is null && AlgorithmTable.Of(config).Section(config).Needs.BehaviorLogProbabilities)
            PropensityFit.Check(columns);
        if (config.Algorithm == "bandit_policy")
            CheckDecisions(columns);
        if (TabularTable.Find(config.Algorithm) is null && AlgorithmTable.Of(config).Section(config).DreamSteps is { } horizon)
            CheckDreams(config.Algorithm, columns, horizon);
        if (columns.Info.ActionSpace is BoxSpace && TabularTable.Find(config.Algorithm) is null && AlgorithmTable.Of(config).Section(config).Needs.Actions != ActionKind.Discrete)
            return;
        if (columns.Info.ActionSpace is not DiscreteSpace actions)
            Throw.User($"Dataset {columns.Info.Dataset} has the action space {columns.Info.ActionSpace}; algorithm {config.Algorithm} needs discrete actions. Choose another dataset or algorithm.");
        else if (columns.ActionMasks is not null)
            CheckMasks(columns, actions.Count);
    }

    // A model has seen nothing of what comes after the longest episode's end, nor of which actions a mask would forbid in a dream.
    static void CheckDreams(string algorithm, TrainingColumns columns, int horizon)
    {
        if (columns.ActionMasks is not null)
            Throw.User($"Dataset {columns.Info.Dataset} has action masks, and a dream has none: {algorithm} would take actions that the environment forbids. Choose a learner that reads masks, such as discrete_cql, or leave the masks out.");
        var rows = columns.EpisodeFirstRow;
        var longest = 0L;
        for (var episode = 0; episode < columns.Episodes; episode++)
            longest = Math.Max(longest, rows.Pointer[episode + 1] - rows.Pointer[episode]);
        if (longest < horizon)
            Throw.User($"Dataset {columns.Info.Dataset} has no episode of more than {longest} steps, and {algorithm} dreams {horizon}; expected one that is as long as a dream. Lower {algorithm}.horizon.");
    }

    static void CheckDecisions(TrainingColumns columns)
    {
        if (columns.Steps == columns.Episodes)
            return;
        var rows = columns.EpisodeFirstRow;
        var episode = 0;
        while (rows.Pointer[episode + 1] - rows.Pointer[episode] == 1)
            episode++;
        Throw.User($"Dataset {columns.Info.Dataset}, episode {episode} has {rows.Pointer[episode + 1] - rows.Pointer[episode]} steps; bandit_policy needs decisions, episodes of one step. Import the log with 'episodes: each_row', or choose an algorithm for sequences, such as importance_pg.");
    }

    // A row without an allowed action has no value to bootstrap from and no policy; one whose own action is forbidden, no likelihood.
    static void CheckMasks(TrainingColumns columns, int actions)
    {
        for (var row = 0L; row < columns.Steps; row++)
        {
            var mask = new ReadOnlySpan<byte>(columns.ActionMasks!.Pointer + (row * actions), actions);
            var taken = columns.DiscreteActions!.Pointer[row];
            if (mask[taken] != 0)
                continue;
            var episode = columns.EpisodeIndex.Pointer[row];
            var step = row - columns.EpisodeFirstRow.Pointer[episode];
            var found = mask.IndexOfAnyExcept((byte)0) < 0 ? $"the action mask forbids all {actions} actions" : $"the action mask forbids action {taken}, which was taken";
            Throw.User($"Dataset {columns.Info.Dataset}, episode {episode}, step {step}: {found}; expected it to allow at least the action taken. Correct the source of the masks and import again, or leave the masks out.");
        }
    }
}
