using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Train;

namespace OfflineRL.Cli.Ingest;

/// <summary>Hands trained policies to the recorder, which cannot name the trainer.</summary>
static class TrainedPolicies
{
    /// <summary>What the user may leave out: a name that is no built-in policy is a run's.</summary>
    public static string Spec(string text) =>
        text.Contains(':', StringComparison.Ordinal) || BuiltInPolicies.Names.Contains(text.Split('?')[0]) ? text : "run:" + text;

    /// <summary>One stored policy of a run: the last of its first seed, where the spec does not say otherwise.</summary>
    /// <exception cref="UserErrorException">There is no such run, seed or snapshot, or the spec names several policies.</exception>
    public static IPolicy Load(Workspace workspace, string spec)
    {
        var name = spec.StartsWith("run:", StringComparison.Ordinal) ? spec["run:".Length..] : "";
        if (name.Length == 0)
            throw new UserErrorException($"Policy '{spec}' cannot be recorded; expected a built-in policy, or run:NAME.");
        var info = RunFolder.Open(workspace, name);
        return info.Seeds.FirstOrDefault()?.Last is { } snapshot
            ? LearnedPolicy.Load(snapshot.Folder)
            : throw new UserErrorException($"Policy '{spec}': the run in {info.Folder} has no policy yet; train it first.");
    }
}
