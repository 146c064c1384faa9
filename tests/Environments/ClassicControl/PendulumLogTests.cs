using System.Globalization;
using System.IO.Compression;
using System.Runtime.Intrinsics;
using CsvHelper;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>The pendulum against a replay buffer that d3rlpy recorded on the old one.</summary>
public sealed class PendulumLogTests
{
    static readonly Lazy<double[][]> Rows = new(Read);

    [Fact]
    public void KernelOfV0_OnD3rlpysReplay_GivesTheLoggedNextObservationAndReward()
    {
        var (observation, reward, rows) = WorstError(new PendulumParameters(10, 1, 1, 1, 8, ClipsFirst: false));
        Assert.Equal(99_000, rows);
        Assert.InRange(observation, 0, 1e-6);
        // Rewards were logged as float32, and angles have to be read off a float32 cosine and sine.
        Assert.InRange(reward, 0, 1e-5);
    }

    [Fact]
    public void KernelOfV1_OnTheSameReplay_DoesNotFitWhereTheSpeedIsClipped() =>
        Assert.InRange(WorstError(new PendulumParameters(10, 1, 1, 1, 8, ClipsFirst: true)).Observation, 0.01, 0.05);

    [Theory]
    [InlineData(10.01, 1, 1, 8)]
    [InlineData(10, 1.001, 1, 8)]
    [InlineData(10, 1, 1.001, 8)]
    [InlineData(10, 1, 1, 7.999)]
    public void KernelWithAnyOtherParameter_OnTheSameReplay_DoesNotFit(double gravity, double mass, double length, double maxSpeed) =>
        Assert.True(WorstError(new PendulumParameters(gravity, mass, length, 1, maxSpeed, ClipsFirst: false)).Observation > 1e-5);

    static (double Observation, double Reward, int Rows) WorstError(in PendulumParameters parameters)
    {
        var (worst, worstReward) = (0.0, 0.0);
        foreach (var row in Rows.Value)
        {
            var state = new PendulumKernel.State(Vector512.Create(Math.Atan2(row[1], row[0])), Vector512.Create(row[2]));
            var next = PendulumKernel.Step(state, Vector512.Create((double)(float)row[3]), parameters, out var reward);
            var (sin, cos) = Trigonometry.SinCos(next.Angle[0]);
            worst = Math.Max(worst, Math.Max(Math.Abs(cos - row[5]), Math.Max(Math.Abs(sin - row[6]), Math.Abs(next.Speed[0] - row[7]))));
            worstReward = Math.Max(worstReward, Math.Abs(reward[0] - row[4]));
        }

        return (worst, worstReward, Rows.Value.Length);
    }

    // The rows that are transitions: where done is set, the next observation is another episode's first.
    static double[][] Read()
    {
        using var file = File.OpenRead(SharedData.Require("d3rlpy_pendulum_replay/decoded.csv.gz"));
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        using var csv = new CsvReader(reader, CultureInfo.InvariantCulture);
        csv.Read();
        csv.ReadHeader();
        string[] names = ["obs_0", "obs_1", "obs_2", "action_0", "reward", "next_obs_0", "next_obs_1", "next_obs_2"];
        var columns = names.Select(name => csv.GetFieldIndex(name)).ToArray();
        var done = csv.GetFieldIndex("done");
        var rows = new List<double[]>();
        while (csv.Read())
        {
            if (csv.GetField(done) == "0")
                rows.Add(columns.Select(c => double.Parse(csv.GetField(c)!, CultureInfo.InvariantCulture)).ToArray());
        }

        return [.. rows];
    }
}
