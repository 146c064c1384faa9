using OfflineRL.Datasets;

namespace OfflineRL.Tests.Train.WorldModels;

/// <summary>s' = A s + B a + noise, r' = w s' + noise, with everything about it known; an episode ends where the first number of s' leaves +-3, or is cut after a while.</summary>
static class LinearSystem
{
    public const int States = 3, Actions = 2;
    public const double Limit = 3, RewardNoise = 0.05;

    public static readonly double[,] A = { { 0.9, 0.2, 0 }, { -0.1, 0.8, 0.1 }, { 0, 0.3, 0.7 } };
    public static readonly double[,] B = { { 0.5, 0 }, { 0, -0.4 }, { 0.2, 0.3 } };
    public static readonly double[] Noise = [0.1, 0.2, 0.05];
    public static readonly double[] Weights = [1, -0.5, 2];

    /// <summary>Writes a dataset of two parts.</summary>
    /// <param name="constant">Numbers of an observation beside the states that never change.</param>
    public static TrainingColumns Write(Workspace workspace, string name, int episodes, int steps, int constant = 0, ulong seed = 1)
    {
        var random = RandomStream.Create(seed, "linear");
        var width = States + constant;
        var description = new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(width), ActionSpace = BoxSpace.Unbounded(Actions), Split = new SplitRule(1, [new("train", 0.8), new("validation", 0.2)]) };
        using (var writer = DatasetWriter.Create(workspace, name, description))
        {
            for (var e = 0; e < episodes; e++)
            {
                var (observations, actions, rewards) = (new List<float>(), new List<float>(), new List<double>());
                double[] s = [random.NextGaussian(), random.NextGaussian(), random.NextGaussian()];
                s[0] = Math.Clamp(s[0], -2.5, 2.5);
                var terminated = false;
                for (var t = 0; t < steps && !terminated; t++)
                {
                    Add(observations, s, constant);
                    double[] a = [random.NextGaussian(), 2 * random.NextGaussian()];
                    actions.AddRange(a.Select(x => (float)x));
                    s = [.. Enumerable.Range(0, States).Select(i => Mean(s, a, i) + (Noise[i] * random.NextGaussian()))];
                    rewards.Add(Enumerable.Range(0, States).Sum(i => Weights[i] * s[i]) + (RewardNoise * random.NextGaussian()));
                    terminated = Math.Abs(s[0]) > Limit;
                }

                var final = new List<float>();
                Add(final, s, constant);
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"{name}/{e}",
                    BehaviorPolicy = "normal",
                    Observations = observations.ToArray(),
                    ContinuousActions = actions.ToArray(),
                    Rewards = rewards.ToArray(),
                    Terminated = terminated,
                    Truncated = !terminated,
                    FinalObservation = final.ToArray(),
                });
            }

            writer.Commit();
        }

        return Dataset.Open(workspace, name).Compile(NullProgress.Instance);
    }

    /// <summary>A s + B a, one number.</summary>
    public static double Mean(double[] s, double[] a, int i) =>
        Enumerable.Range(0, States).Sum(j => A[i, j] * s[j]) + Enumerable.Range(0, Actions).Sum(j => B[i, j] * a[j]);

    static void Add(List<float> rows, double[] s, int constant)
    {
        rows.AddRange(s.Select(x => (float)x));
        rows.AddRange(Enumerable.Repeat(7f, constant));
    }
}
