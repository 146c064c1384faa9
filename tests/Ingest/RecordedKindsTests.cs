using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Ingest;
using OfflineRL.Train;

namespace OfflineRL.Tests.Ingest;

/// <summary>Recordings of every kind of space, from the environment to what training reads.</summary>
public sealed class RecordedKindsTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    [Fact]
    public void Record_OfMaskedImages_StoresBytesAndTheMaskOfEveryObservation()
    {
        var dataset = RecordImages(5, 400);
        dataset.Check(NullProgress.Instance);
        Assert.True(dataset.Manifest.HasActionMask);
        var (steps, ends) = (0, 0);
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            Assert.Equal(e.Rewards.Length * 4, e.ObservationBytes.Length);
            Assert.Equal(0, e.Observations.Length);
            for (var t = 0; t < e.Rewards.Length; t++, steps++)
            {
                var state = e.ObservationBytes[(4 * t) + 1];
                Assert.Equal(200, e.ObservationBytes[4 * t]);
                Assert.Equal(1, e.Rewards[t]);
                for (var a = 0; a < 3; a++)
                {
                    Assert.Equal(MaskedImages.IsAllowed(state, a), e.ActionMasks[(3 * t) + a]);
                    Assert.Equal(MaskedImages.IsAllowed(state, a) ? 0.5 : 0, e.BehaviorProbabilities[(3 * t) + a]);
                }

                Assert.Equal(Math.Log(0.5), e.BehaviorLogProbabilities[t]);
                var next = t + 1 < e.Rewards.Length ? e.ObservationBytes[(4 * t) + 5] : e.FinalObservationBytes[1];
                Assert.Equal(state + e.DiscreteActions[t] + 1, next);
            }

            ends += record.Terminated ? 1 : 0;
        });
        Assert.Equal(400, steps);
        Assert.InRange(ends, 5, dataset.Episodes.Count - 5);
    }

    [Fact]
    public void Record_OfMaskedImages_DoesNotDependOnTheBatch() =>
        Assert.Equal(RecordImages(1, 300).Manifest.ContentHash, RecordImages(7, 300).Manifest.ContentHash);

    [Fact]
    public void Columns_OfMaskedImages_HoldBytesAndMasksAndLearnersSayThatTheyCannotReadThem()
    {
        var dataset = RecordImages(3, 100);
        using var columns = dataset.Compile(NullProgress.Instance);
        Assert.NotNull(columns.ObservationBytes);
        Assert.NotNull(columns.ActionMasks);
        var error = Assert.Throws<UserErrorException>(() => TrainJob.Run(
            new TrainConfig { Dataset = dataset.FullName, Name = "t", Algorithm = "bc", Steps = 2, Device = "cpu" }, _recording.Workspace, columns, NullProgress.Instance, CancellationToken.None));
        Assert.Contains("box(1x2x2, uint8)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Buffer_OfAnImageThatIsNone_SaysWhatItFound()
    {
        var buffer = new EpisodeBuffer(MaskedImages.Observations) { Index = 0 };
        foreach (var value in new[] { 0.5f, -1, 256, float.NaN })
        {
            var error = Assert.Throws<UserErrorException>(() => buffer.Add([0, value, 0, 0], [], [0], [], 0, 0, []));
            Assert.Contains("at index 1; its space, box(1x2x2, uint8), has whole numbers from 0 to 255", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Buffer_CutAnywhere_EndsWithTheObservationThatCameNext()
    {
        var buffer = new EpisodeBuffer(MaskedImages.Observations) { Index = 0, BehaviorPolicy = "p" };
        for (byte t = 0; t < 5; t++)
            buffer.Add([t, t, t, t], [true, t == 1, false], [0], [], t, -1, [1, 0, 0]);
        buffer.Finish(true, false, [9, 9, 9, 9]);
        buffer.CutAt(2);
        var columns = buffer.ToColumns(new EnvironmentIdentity("e", new Dictionary<string, double>()), 0);
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1], columns.ObservationBytes.ToArray());
        Assert.Equal([2, 2, 2, 2], columns.FinalObservationBytes.ToArray());
        Assert.Equal([true, false, false, true, true, false], columns.ActionMasks.ToArray());
        Assert.Equal([0, 1], columns.Rewards.ToArray());
        Assert.True(columns.Truncated && !columns.Terminated);
    }

    [Fact]
    public void Resolve_OfAConfigThatNamesNothing_FollowsTheEnvironment()
    {
        Assert.Equal("cartpole", new RecordConfig().Resolve().Name);
        Assert.Equal(4, new RecordConfig().Resolve().Mixture.Count);
        var named = new RecordConfig { Name = "x", Mixture = [new BehaviorConfig { Policy = "scripted" }] };
        Assert.Equal(Config.ToYaml(named), Config.ToYaml(named.Resolve()));
        var own = new EnvironmentDefinition
        {
            Id = "tables:../My Files/mdp.npz", Description = "", ObservationSpace = new DiscreteSpace(3), ActionSpace = new DiscreteSpace(2), MaxEpisodeSteps = 5, Parameters = [],
        };
        Assert.Equal("tables-my-files-mdp-npz", BehaviorPolicies.DefaultName(own));
        Assert.Equal(["uniform"], BehaviorPolicies.DefaultMixture(own).Select(b => b.Policy));
        Assert.Equal(["uniform", "optimal"], BehaviorPolicies.DefaultMixture(own with { Policies = [new("optimal", "", _ => null!)] }).Select(b => b.Policy));
        Assert.Equal(DatasetName.Parse("recording"), DatasetName.Parse(BehaviorPolicies.DefaultName(own with { Id = "???" })));
    }

    [Theory]
    [InlineData("1x2x2", "4", true)]
    [InlineData("1x2x2", "1x2x2", true)]
    [InlineData("1x2x2", "2x2x1", false)]
    [InlineData("1x2x2", "5", false)]
    public void RequireFit_OfBoxes_ComparesShapesUnlessOneIsFlat(string policy, string other, bool fits)
    {
        var uniform = new UniformPolicy(Box(policy), new DiscreteSpace(2));
        if (fits)
        {
            PolicySpaces.RequireFit(uniform, Box(other), new DiscreteSpace(2), "here");
            return;
        }

        var error = Assert.Throws<UserErrorException>(() => PolicySpaces.RequireFit(uniform, Box(other), new DiscreteSpace(2), "here"));
        Assert.Contains($"has observations of box({policy}, float32); here has box({other}, float32)", error.Message, StringComparison.Ordinal);

        static BoxSpace Box(string shape)
        {
            var sizes = shape.Split('x').Select(s => int.Parse(s, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            return BoxSpace.Unbounded(sizes.Aggregate(1, (a, b) => a * b)) with { Shape = sizes };
        }
    }

    Dataset RecordImages(int batch, int steps)
    {
        using var environment = new MaskedImages(batch);
        using var writer = DatasetWriter.Create(_recording.Workspace, "images", RecordJob.Describe(new RecordConfig().Resolve(), environment));
        var policy = new MixturePolicy([new UniformPolicy(environment.ObservationSpace, (DiscreteSpace)environment.ActionSpace)], [1]);
        new Recorder(environment, policy, steps, RandomStream.Create(4, "record"))
            .Run(episode => writer.WriteEpisode(episode.ToColumns(environment.Identity, 4)), NullProgress.Instance, CancellationToken.None);
        return Dataset.Open(_recording.Workspace, writer.Commit().FullName);
    }
}
