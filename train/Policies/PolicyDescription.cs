using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary><c>policy.json</c>: with <c>policy.safetensors</c> beside it, enough to run a policy without the run that made it.</summary>
public sealed record PolicyDescription
{
    public const int CurrentSchemaVersion = 3;

    internal const int OldestSchemaVersion = 1;

    internal const string FileName = "policy.json";
    internal const string WeightsFileName = "policy.safetensors";

    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>What reports call it: run, seed and step.</summary>
    public required string Name { get; init; }

    /// <summary>What trained it. The scores of <c>bc</c>, <c>discrete_iql</c> and <c>discrete_crr</c> are logits, the others' action values.</summary>
    public required string Algorithm { get; init; }

    public required Space ObservationSpace { get; init; }

    public required Space ActionSpace { get; init; }

    /// <summary>Whether its log said which actions are allowed; null in files older than this.</summary>
    public bool? HasActionMask { get; init; }

    public required NetworkDescription Network { get; init; }

    /// <summary>A second network that says which actions are like the data's; null: all may be taken.</summary>
    public ImitationFilter? Filter { get; init; }

    /// <summary>The distribution over continuous actions (<see cref="Train.ActionHead"/> says what its outputs are); null, as in files of schema versions 1 and 2: one normal distribution a dimension.</summary>
    public PolicyConfig? ActionHead { get; init; }

    /// <summary>Of continuous actions, whose network says means and logarithms of standard deviations in these units, unless they are sent through tanh; null: actions are discrete.</summary>
    public ActionUnits? ActionUnits { get; init; }

    /// <summary>What happens to observations before the network reads them; null: what their space alone says.</summary>
    public EncoderDescription? Encoder { get; init; }

    /// <summary>What makes latent states of features for the network to read; null: it reads the features.</summary>
    public LatentDescription? Latent { get; init; }

    /// <summary>What rewards became for the learner; null: nothing happened to them. Acting does not need it.</summary>
    public RewardTransform? RewardTransform { get; init; }

    /// <summary>Whether the propensities that it was learned by were logged or estimated; null where it needed none.</summary>
    public PropensitySource? PropensitySource { get; init; }

    /// <summary>
    /// 0: the action of the highest score (ties: the lowest index), of continuous actions the mean; above 0: softmax(scores / temperature), of
    /// continuous actions what standard deviations are multiplied by.
    /// </summary>
    public required double Temperature { get; init; }

    /// <summary>Share of the time that a uniform allowed action is taken instead, in [0, 1].</summary>
    public double Epsilon { get; init; }

    /// <summary><c>NAME-vN</c> of the dataset that it learned from.</summary>
    public required string Dataset { get; init; }

    public required string ContentHash { get; init; }

    /// <summary>The environment of the dataset, where it has one.</summary>
    public EnvironmentIdentity? Environment { get; init; }

    public required string Run { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Gradient steps done when it was stored.</summary>
    public required int Step { get; init; }

    /// <summary>The learner's error on held-out transitions when it was stored, by which snapshots of one seed compare; null where it was not measured.</summary>
    public double? HeldOutError { get; init; }

    public required string ToolVersion { get; init; }
}

/// <summary>Discrete BCQ's filter: actions whose imitated probability is at most a share of the likeliest one's are not taken.</summary>
/// <param name="Network">Gives logits. Its tensors' names begin with <c>imitation.</c>.</param>
/// <param name="Threshold">That share, in [0, 1).</param>
public sealed record ImitationFilter(NetworkDescription Network, double Threshold)
{
    /// <summary>What the names of its tensors begin with.</summary>
    public const string Prefix = "imitation.";
}
