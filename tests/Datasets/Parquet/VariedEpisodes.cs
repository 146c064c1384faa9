using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Parquet;

/// <summary>Episodes with and without values in every optional column, of numbers that repeat, run, rise and are random.</summary>
static class VariedEpisodes
{
    public const int Actions = 3, Features = 2;

    /// <summary>Vectors, discrete actions, and every optional column.</summary>
    public static readonly DatasetDescription Full = new()
    {
        ObservationSpace = BoxSpace.Unbounded(4),
        ActionSpace = new DiscreteSpace(Actions),
        PropensitySource = PropensitySource.Logged,
        PropensityKind = PropensityKind.Probability,
        HasBehaviorProbabilities = true,
        HasActionMask = true,
        HasTimestamp = true,
        ActionFeatures = Features,
        InfoColumns =
        [
            new("info_speed"), new("info_count", InfoType.Integer), new("info_flag", InfoType.Boolean),
            new("info_note", InfoType.Text), new("info_logits", InfoType.Double, 3),
        ],
    };

    /// <summary>Whole numbers, continuous actions, nothing optional.</summary>
    public static readonly DatasetDescription Plain = new() { ObservationSpace = new DiscreteSpace(500), ActionSpace = BoxSpace.Unbounded(2) };

    /// <summary>Frames of bytes.</summary>
    public static readonly DatasetDescription Images = new()
    {
        ObservationSpace = new BoxSpace([4, 4], new double[16], [.. Enumerable.Repeat(255.0, 16)], ElementType.UInt8),
        ActionSpace = new DiscreteSpace(Actions),
    };

    static readonly double[] OddNumbers = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, -0.0, double.Epsilon, double.MaxValue];

    public static Dataset Make(Workspace workspace, string name, DatasetDescription description, params ReadOnlySpan<int> steps)
    {
        using (var writer = DatasetWriter.Create(workspace, name, description))
        {
            for (var i = 0; i < steps.Length; i++)
                Write(writer, description, i, steps[i]);
            writer.Commit();
        }

        return Dataset.Open(workspace, name);
    }

    /// <summary>Writes an episode that is a function of its number and its steps alone.</summary>
    public static void Write(DatasetWriter writer, DatasetDescription description, int episode, int steps)
    {
        var random = RandomStream.Create((ulong)episode, "varied");
        var schema = TrajectorySchema.Of(description);
        var full = description.HasTimestamp;
        // By turns, so that each column has episodes with and without values, and neighbours that differ.
        bool Has(int period) => full && episode % period != period - 1;
        var masks = Has(3) ? Fill(steps * Actions, i => i % Actions == 0 || random.NextInt(2) == 0) : [];
        var probabilities = Has(2) ? Fill(steps * Actions, i => i % Actions == 0 ? 1.0 : 0) : [];
        var logged = !full ? [] : Fill(steps, i => random.NextInt(3) > 0 ? 0 : double.NaN);
        if (episode % 5 == 4)
            logged = [];
        writer.WriteEpisode(new EpisodeColumns
        {
            Key = $"varied/{episode}",
            BehaviorPolicy = episode % 2 == 0 ? "even" : "odd",
            Observations = schema.ObservationsAreBytes ? [] : schema.ObservationsAreDiscrete
                ? Fill(steps, i => (float)(i % 500)) : Fill(steps * schema.ObservationWidth, i => i % 4 == 0 ? 1 : i % 4 == 1 ? i / 8 : (float)random.NextGaussian()),
            ObservationBytes = schema.ObservationsAreBytes ? Fill(steps * schema.ObservationWidth, i => (byte)(i / 7)) : [],
            DiscreteActions = schema.ActionCount > 0 ? new int[steps] : [],
            ContinuousActions = Fill(steps * schema.ActionWidth, _ => (float)random.NextGaussian()),
            Rewards = Fill(steps, i => episode % 2 == 0 ? 1 : random.NextGaussian()),
            Terminated = episode % 2 == 0,
            Truncated = episode % 2 == 1,
            BehaviorLogProbabilities = logged,
            BehaviorProbabilities = probabilities,
            ActionMasks = masks,
            TimestampMicros = Has(7) ? Fill(steps, i => 1_700_000_000_000_000 + (i * 1_000_003L)) : [],
            ActionFeatures = Has(4) ? Fill(steps * Actions * Features, i => i % 5 == 0 ? 0 : (float)random.NextDouble()) : [],
            Info = !full ? [] :
            [
                InfoValues.Of(Fill(steps, i => random.NextInt(4) == 0 ? double.NaN : random.NextInt(3) + 0.5)),
                InfoValues.Of(Fill(steps, i => episode % 2 == 0 ? i * 3L : (long)random.NextUInt64())),
                InfoValues.Of(Fill(steps, i => i % 3 == 0)),
                InfoValues.Of(Fill(steps, i => random.NextInt(5) switch { 0 => null, 1 => "", 2 => "äöü and 水", 3 => $"note {i}", _ => "the same" })),
                InfoValues.Of(Fill(steps * 3, i => random.NextInt(3) == 0 ? OddNumbers[random.NextInt(OddNumbers.Length)] : random.NextGaussian())),
            ],
        });
    }

    static T[] Fill<T>(int count, Func<int, T> value) => [.. Enumerable.Range(0, count).Select(value)];
}
