using OfflineRL.Datasets;
using OfflineRL.Tests.Datasets.Sampling;

namespace OfflineRL.Tests.Datasets.Normalization;

using Normalization = OfflineRL.Datasets.Normalization;

public sealed class NormalizationTests : IDisposable
{
    readonly EpisodeData _data = new();

    public void Dispose() => _data.Dispose();

    static float[] Encode(ObservationEncoder encoder, params float[] frames)
    {
        var features = new float[frames.Length / encoder.FrameWidth * encoder.FrameFeatures];
        encoder.Encode(frames, features);
        return features;
    }

    static ObservationEncoder Fit(TrainingColumns columns, string kind, params string[] splits) => Normalization.FitObservations(
        [.. (splits.Length == 0 ? ["train"] : splits).Select(split => EpisodeSelection.Of(columns, split))], new() { Observations = kind });

    // Vectors of (episode, step), of one episode with four steps and one with two: means 1/3 and 7/6.
    TrainingColumns Steps() => _data.Write("steps", [([0, 1, 2, 3], End.Cut), ([4, 5], End.Cut)]);

    [Fact]
    public void Standardize_HasMeanZeroAndDeviationOne()
    {
        using var columns = Steps();
        var encoder = Fit(columns, "standardize");
        Assert.Equal(ObservationEncoding.Affine, encoder.Encoding);
        // Episodes: 0 0 0 0 1 1, deviation sqrt(2/9). Steps: 0 1 2 3 0 1, mean 7/6, mean square 15/6, deviation sqrt(41/36).
        Assert.Equal([1 / 3f, 7 / 6f], encoder.Shift.ToArray());
        Assert.Equal([1 / MathF.Sqrt(2 / 9f), 1 / MathF.Sqrt(41 / 36f)], encoder.Scale.ToArray(), (a, b) => MathF.Abs(a - b) < 1e-6f);
        var features = Encode(encoder, columns.Observations!.Slice(0, 6).ToArray());
        for (var d = 0; d < 2; d++)
        {
            var values = Enumerable.Range(0, 6).Select(row => (double)features[(2 * row) + d]).ToArray();
            Assert.Equal(0, values.Average(), 1e-6);
            Assert.Equal(1, values.Average(value => value * value), 1e-6);
        }
    }

    [Fact]
    public void MinMax_GoesFromMinusOneToOne()
    {
        using var columns = Steps();
        Assert.Equal([-1, -1, 1, 1, -1, 1 / 3f], Encode(Fit(columns, "min_max"), 0, 0, 1, 3, 0, 2), (a, b) => MathF.Abs(a - b) < 1e-6f);
    }

    [Fact]
    public void None_LeavesFloatsAlone()
    {
        using var columns = Steps();
        var encoder = Fit(columns, "none");
        Assert.Equal(ObservationEncoding.Identity, encoder.Encoding);
        Assert.Equal([0.1f, -7], Encode(encoder, 0.1f, -7));
    }

    [Fact]
    public void Fit_SeesTheSplitThatIsTrainedOnAlone()
    {
        SplitRule rule = new(1, [new("train", 0.5), new("test", 0.5)]);
        using var columns = _data.Write("parts", 12, 3, End.Cut, End.Terminated);
        using var parts = _data.Write("halves", [.. Enumerable.Range(0, 12).Select(e => (new double[] { e, e, e }, End.Cut))], split: rule);
        var train = Enumerable.Range(0, 12).Where(e => rule.PartOf($"halves/{e}") == "train").ToArray();
        Assert.InRange(train.Length, 1, 11);
        Assert.Equal((float)train.Average(), Fit(parts, "standardize").Shift[0], 1e-5f);
        var rewards = Normalization.FitRewards([EpisodeSelection.Of(parts, "train")], new() { Rewards = "return_range" });
        Assert.Equal(1000.0 / (3 * (train.Max() - train.Min())), rewards.Scale, 1e-9);
        Assert.NotEqual(Fit(parts, "standardize").Shift[0], Fit(parts, "standardize", "test").Shift[0]);
        // Of several selections, all of them.
        Assert.Equal(5.5f, Fit(parts, "standardize", "train", "test").Shift[0], 1e-5f);
    }

    [Fact]
    public void ANumberThatNeverChanges_BecomesZeroAndStaysFinite()
    {
        using var columns = _data.Write("constant", [([1, 1, 1], End.Cut)]);
        foreach (var kind in new[] { "standardize", "min_max" })
            Assert.Equal([0f, 1], Encode(Fit(columns, kind), 0, 2).Select(MathF.Sign).Select(x => (float)x));
    }

    [Fact]
    public void LargeNumbersCloseTogether_KeepTheirDeviation()
    {
        using var columns = WriteFloats("large", [1e6f, 1e6f + 1, 1e6f + 2, 1e6f + 3]);
        var encoder = Fit(columns, "standardize");
        Assert.Equal(1 / Math.Sqrt(1.25), encoder.Scale[0], 1e-6);
        Assert.Equal(1_000_001.5f, encoder.Shift[0]);
    }

    [Fact]
    public void ManyRows_GiveTheDigitsOfTheDefinition()
    {
        var random = RandomStream.Create(1, "rows");
        var values = Enumerable.Range(0, 20_000).Select(_ => (float)((3 * random.NextGaussian()) - 5)).ToArray();
        using var columns = WriteFloats("many", values);
        var encoder = Fit(columns, "standardize");
        var mean = values.Average(value => (double)value);
        Assert.Equal(mean, encoder.Shift[0], 1e-6);
        Assert.Equal(1 / Math.Sqrt(values.Average(value => (value - mean) * (value - mean))), encoder.Scale[0], 1e-7);
        // The same columns, the same digits.
        Assert.Equal(encoder.Scale.ToArray(), Fit(columns, "standardize").Scale.ToArray());
    }

    [Fact]
    public void Rewards_OfEachKind_AreWhatTheyShouldBe()
    {
        // Rewards 0 1 2 3 | 4 5: mean 2.5, deviation sqrt(35/12); returns 6 and 9.
        using var columns = Steps();
        Assert.Equal(RewardTransform.Identity, Of("none"));
        Assert.Equal(2.5, Of("standardize").Shift, 1e-12);
        Assert.Equal(1 / Math.Sqrt(35 / 12.0), Of("standardize").Scale, 1e-12);
        Assert.Equal([-1, 1], new[] { 0.0, 5 }.Select(Of("min_max").Apply));
        Assert.Equal(4 * 1000 / 3.0, Of("return_range").Apply(4), 1e-9);
        var clipped = Normalization.FitRewards([EpisodeData.All(columns)], new() { Rewards = "return_range", ReturnRange = 3, RewardScale = -2, RewardClip = 5 });
        Assert.Equal([-2.0, -5, 5], new[] { 1.0, 4, -4 }.Select(clipped.Apply));

        RewardTransform Of(string kind) => Normalization.FitRewards([EpisodeData.All(columns)], new() { Rewards = kind });
    }

    [Fact]
    public void ReturnRange_OfEqualReturns_IsRefused()
    {
        using var columns = _data.Write("equal", [([1, 2], End.Cut), ([3], End.Cut)]);
        var message = Assert.Throws<UserErrorException>(() => Normalization.FitRewards([EpisodeData.All(columns)], new() { Rewards = "return_range" })).Message;
        Assert.Contains("all 2 episodes of dataset equal-v1's split 'train' have the return 3", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_AreDividedByTheirBound_AndNothingElseIsAskedOfThem()
    {
        using var columns = _data.WriteFrames("frames", episodes: 1, steps: 2);
        Assert.Equal([1f, 128 * (1 / 255f)], Encode(Fit(columns, "none"), [.. Enumerable.Repeat(255f, EpisodeData.FrameBytes - 1), 128])[^2..]);
        Assert.Contains("normalization.observations is 'standardize'", Assert.Throws<UserErrorException>(() => Fit(columns, "standardize")).Message, StringComparison.Ordinal);
        // Planes of zeros and ones stay.
        BoxSpace cells = new([2], [0, 0], [1, 1], ElementType.UInt8);
        Assert.Equal([0f, 1], Encode(ObservationEncoder.Of(cells), 0, 1));
    }

    [Fact]
    public void Discrete_BecomesOneHot_AndANumberOutsideIsRefused()
    {
        var encoder = ObservationEncoder.Of(new DiscreteSpace(3));
        Assert.Equal([0f, 0, 1, 1, 0, 0], Encode(encoder, 2, 0));
        foreach (var outside in new[] { 3, -1, 0.5f, float.NaN })
            Assert.Throws<UserErrorException>(() => Encode(encoder, outside));
    }

    [Fact]
    public void FeatureSpace_OfSeveralFrames_IsOneBox()
    {
        BoxSpace frame = new([2, 3], [0, 0, 0, 0, 0, 0], [9, 9, 9, 9, 9, 9], ElementType.UInt8);
        var box = Assert.IsType<BoxSpace>(ObservationEncoder.Of(frame, 4).FeatureSpace);
        Assert.Equal([4, 1, 2, 3], box.Shape);
        Assert.Equal(ElementType.UInt8, box.ElementType);
        BoxSpace colored = new([2, 3, 4], new double[24], [.. Enumerable.Repeat(9.0, 24)], ElementType.UInt8);
        Assert.Equal([5, 2, 3, 4], ((BoxSpace)ObservationEncoder.Of(colored, 5).FeatureSpace).Shape);
        Assert.Equal([6], ((BoxSpace)ObservationEncoder.Of(new DiscreteSpace(3), 2).FeatureSpace).Shape);
        Assert.Equal([8], ((BoxSpace)ObservationEncoder.Of(BoxSpace.Unbounded(4), 2).FeatureSpace).Shape);
    }

    [Theory]
    [InlineData("zscore", "none", 1e-3, 1000, 1, 0, "observations is 'zscore'")]
    [InlineData("none", "mean", 1e-3, 1000, 1, 0, "rewards is 'mean'")]
    [InlineData("none", "none", 0, 1000, 1, 0, "deviation_floor is 0")]
    [InlineData("none", "none", 1e-3, double.NaN, 1, 0, "return_range is NaN")]
    [InlineData("none", "none", 1e-3, 1000, 0, 0, "reward_scale is 0")]
    [InlineData("none", "none", 1e-3, 1000, 1, -1, "reward_clip is -1")]
    public void Config_OfEachFault_NamesIt(string observations, string rewards, double floor, double range, double scale, double clip, string expected)
    {
        NormalizationConfig config = new() { Observations = observations, Rewards = rewards, DeviationFloor = floor, ReturnRange = range, RewardScale = scale, RewardClip = clip };
        Assert.Contains(expected, Assert.Single(config.Validate()), StringComparison.Ordinal);
        Assert.Empty(new NormalizationConfig().Validate());
    }

    TrainingColumns WriteFloats(string name, float[] values)
    {
        using (var writer = DatasetWriter.Create(_data.Workspace.Workspace, name, new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = new DiscreteSpace(2) }))
        {
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = name,
                BehaviorPolicy = "x",
                Observations = values,
                DiscreteActions = new int[values.Length],
                Rewards = new double[values.Length],
                Truncated = true,
            });
            writer.Commit();
        }

        return Dataset.Open(_data.Workspace.Workspace, name).Compile(NullProgress.Instance);
    }
}
