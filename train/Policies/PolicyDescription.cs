using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>A stack of dense layers: relu between them, none after the last. Weights are <c>layers.I.weight</c> [out, in] and <c>layers.I.bias</c> [out].</summary>
public sealed record NetworkDescription
{
    /// <summary><c>mlp</c>.</summary>
    public string Type { get; init; } = "mlp";

    /// <summary>Features it reads: the observation's numbers, or one a discrete observation.</summary>
    public required int Inputs { get; init; }

    /// <summary>Widths of the hidden layers.</summary>
    public required IReadOnlyList<int> Hidden { get; init; }

    /// <summary>Scores it gives, one an action.</summary>
    public required int Outputs { get; init; }
}

/// <summary><c>policy.json</c>: with <c>policy.safetensors</c> beside it, enough to run a policy without the run that made it.</summary>
public sealed record PolicyDescription
{
    public const int CurrentSchemaVersion = 1;

    internal const string FileName = "policy.json";
    internal const string WeightsFileName = "policy.safetensors";

    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>What reports call it: run, seed and step.</summary>
    public required string Name { get; init; }

    /// <summary><c>dqn</c>: the scores are action values; <c>bc</c>: they are logits.</summary>
    public required string Algorithm { get; init; }

    public required Space ObservationSpace { get; init; }

    public required Space ActionSpace { get; init; }

    public required NetworkDescription Network { get; init; }

    /// <summary>0: the action of the highest score (ties: the lowest index); above 0: softmax(scores / temperature).</summary>
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

    public required string ToolVersion { get; init; }
}
