using OfflineRL.Datasets;

namespace OfflineRL.Benchmarks;

/// <summary>Datasets of random numbers for what is measured.</summary>
static class BenchmarkData
{
    public const int FrameBytes = 84 * 84;

    /// <summary>Vectors of floats and continuous actions, in episodes that were cut.</summary>
    public static void WriteContinuous(Workspace workspace, string name, int episodes, int episodeSteps, int observations, int actions)
    {
        var random = RandomStream.Create(1, name);
        using var writer = DatasetWriter.Create(workspace, name, new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(observations), ActionSpace = BoxSpace.Unbounded(actions) });
        var (rows, taken, rewards) = (new float[(episodeSteps + 1) * observations], new float[episodeSteps * actions], new double[episodeSteps]);
        for (var episode = 0; episode < episodes; episode++)
        {
            foreach (ref var value in rows.AsSpan())
                value = (float)random.NextDouble();
            foreach (ref var value in taken.AsSpan())
                value = (float)random.NextDouble();
            foreach (ref var value in rewards.AsSpan())
                value = random.NextDouble();
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = $"{name}/{episode}",
                BehaviorPolicy = "random",
                Observations = rows.AsSpan(0, episodeSteps * observations),
                ContinuousActions = taken,
                Rewards = rewards,
                Truncated = true,
                FinalObservation = rows.AsSpan(episodeSteps * observations),
            });
        }

        writer.Commit();
    }

    /// <summary>Vectors of Gaussians and discrete actions, in episodes that end and are cut by turns.</summary>
    public static void WriteDiscrete(Workspace workspace, string name, int episodes, int episodeSteps, int observations, int actions)
    {
        var random = RandomStream.Create(0, "benchmark/data");
        using var writer = DatasetWriter.Create(workspace, name, new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(observations), ActionSpace = new DiscreteSpace(actions) });
        var (rows, taken, rewards) = (new float[episodeSteps * observations], new int[episodeSteps], new double[episodeSteps]);
        for (var episode = 0; episode < episodes; episode++)
        {
            foreach (ref var value in rows.AsSpan())
                value = (float)random.NextGaussian();
            for (var step = 0; step < episodeSteps; step++)
                (taken[step], rewards[step]) = (random.NextInt(actions), random.NextGaussian());
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = $"{name}/{episode}",
                BehaviorPolicy = "uniform",
                Observations = rows,
                DiscreteActions = taken,
                Rewards = rewards,
                Terminated = episode % 2 == 0,
                Truncated = episode % 2 == 1,
                FinalObservation = rows.AsSpan(0, observations),
            });
        }

        writer.Commit();
    }

    /// <summary>Grids of 10 x 10 cells and 4 channels of 0 and 1, a tenth of them 1, as MinAtar's games show them, with 6 discrete actions.</summary>
    public static void WriteGrids(Workspace workspace, string name, int episodes, int episodeSteps)
    {
        const int Cells = 10 * 10 * 4;
        var random = RandomStream.Create(1, name);
        using var writer = DatasetWriter.Create(workspace, name, new DatasetDescription
        {
            ObservationSpace = new BoxSpace([10, 10, 4], new double[Cells], [.. Enumerable.Repeat(1.0, Cells)], ElementType.UInt8),
            ActionSpace = new DiscreteSpace(6),
        });
        var (rows, actions, rewards) = (new byte[(episodeSteps + 1) * Cells], new int[episodeSteps], new double[episodeSteps]);
        for (var episode = 0; episode < episodes; episode++)
        {
            foreach (ref var value in rows.AsSpan())
                value = random.NextInt(10) == 0 ? (byte)1 : (byte)0;
            for (var step = 0; step < episodeSteps; step++)
                (actions[step], rewards[step]) = (random.NextInt(6), random.NextGaussian());
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = $"{name}/{episode}",
                BehaviorPolicy = "random",
                ObservationBytes = rows.AsSpan(0, episodeSteps * Cells),
                DiscreteActions = actions,
                Rewards = rewards,
                Terminated = true,
                FinalObservationBytes = rows.AsSpan(episodeSteps * Cells),
            });
        }

        writer.Commit();
    }

    /// <summary>Random frames of 84 x 84 bytes, which nothing can compress, with 6 discrete actions.</summary>
    public static void WriteFrames(Workspace workspace, string name, long frames, int episodeSteps)
    {
        var stream = CounterStream.From(RandomStream.Create(1, name));
        using var writer = DatasetWriter.Create(workspace, name, new DatasetDescription
        {
            ObservationSpace = new BoxSpace([84, 84], new double[FrameBytes], [.. Enumerable.Repeat(255.0, FrameBytes)], ElementType.UInt8),
            ActionSpace = new DiscreteSpace(6),
        });
        var (rows, actions, rewards) = (new byte[(episodeSteps + 1) * FrameBytes], new int[episodeSteps], new double[episodeSteps]);
        var number = 0UL;
        for (var episode = 0; episode < frames / episodeSteps; episode++)
        {
            foreach (ref var word in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(rows.AsSpan()))
                word = stream.Bits(number++);
            for (var step = 0; step < episodeSteps; step++)
                (actions[step], rewards[step]) = (stream.Below(number, 6), stream.Double(number++));
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = $"{name}/{episode}",
                BehaviorPolicy = "random",
                ObservationBytes = rows.AsSpan(0, episodeSteps * FrameBytes),
                DiscreteActions = actions,
                Rewards = rewards,
                Terminated = true,
                FinalObservationBytes = rows.AsSpan(episodeSteps * FrameBytes),
            });
        }

        writer.Commit();
    }
}
