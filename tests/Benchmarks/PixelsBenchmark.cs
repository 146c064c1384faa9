using OfflineRL.Benchmarks.Harness;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Benchmarks;

/// <summary>The five games of MinAtar's rules under random actions, one core, beside MinAtar's Python.</summary>
sealed class PixelsBenchmark : IBenchmark
{
    const string Wrapped = "?frame_stack=4&grey=1&resize=84";

    static readonly (string Id, string Rival)[] Games =
    [
        ("Asterix-MinAtar-v1", "asterix"),
        ("Breakout-MinAtar-v1", "breakout"),
        ("Freeway-MinAtar-v1", "freeway"),
        ("Seaquest-MinAtar-v1", "seaquest"),
        ("SpaceInvaders-MinAtar-v1", "space_invaders"),
    ];

    public string Name => "pixels";

    public string Work => "pixel games' steps with their frames, random actions, auto-reset and final observations, one core";

    public void Run(BenchmarkReport report)
    {
        var rival = Rival.Measure("minatar_games.py");
        foreach (var (id, name) in Games)
        {
            var reference = rival is not null && rival.TryGetValue(name, out var rate) ? rate : double.NaN;
            foreach (var count in new[] { 1024, 64 })
            {
                var steps = Steps(id, count);
                report.Add($"{id}, batch {count:N0}", steps, "steps/s", reference, "MinAtar (Python)", ">= 1 million steps/s", steps >= 1e6);
            }
        }

        // Frames of 84 x 84 in stacks of 4, 113 kB of float32 a step: the memory is the work.
        report.Add($"{Games[1].Id}{Wrapped}, batch 64", Steps(Games[1].Id + Wrapped, 64), "steps/s");
    }

    // The same actions go round: the environment is measured, not the policy.
    static double Steps(string id, int count)
    {
        const int Rounds = 16;
        using var environment = EnvironmentRegistry.Make(id, count);
        var width = environment.ObservationSpace.FlatSize;
        var observations = new float[count * width];
        var final = new float[count * width];
        var rewards = new double[count];
        var terminated = new bool[count];
        var truncated = new bool[count];
        var random = RandomStream.Create(1, "actions");
        var actions = new int[Rounds][];
        for (var t = 0; t < Rounds; t++)
            actions[t] = [.. Enumerable.Range(0, count).Select(_ => random.NextInt(6))];
        environment.Reset([.. Enumerable.Range(0, count).Select(i => (ulong)i)], observations);
        return count * Rounds * Timing.Rate(() =>
        {
            foreach (var batch in actions)
            {
                environment.Step(
                    new ActionBatch { Discrete = batch },
                    new StepOutput { Observations = observations, Rewards = rewards, Terminated = terminated, Truncated = truncated, FinalObservations = final });
            }
        });
    }
}
