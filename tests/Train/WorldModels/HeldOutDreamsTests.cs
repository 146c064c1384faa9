using OfflineRL.Datasets;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels;

/// <summary>Held-out errors, and how far dreams go by them, of models whose errors are known.</summary>
public sealed class HeldOutDreamsTests : IDisposable
{
    readonly TrainData _data = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _data.Dispose();
    }

    // Adds so much to the state and says so much of reward and going on; draws with a deviation where there is a generator.
    sealed class Adder(float step, float reward, float going, float deviation = 0, float observationDeviation = 0, bool unsure = false) : IWorldModel
    {
        public int LatentWidth => 1;

        public int ActionWidth => 2;

        public Tensor? ObservationDeviation { get; } = observationDeviation == 0 ? null : tensor(new[] { observationDeviation });

        public Tensor Encode(ModelSequences sequences, Generator? generator) => sequences.Observations.clone();

        public Tensor Decode(Tensor latent) => latent.clone();

        public DreamStep Step(Tensor latent, Tensor action, Generator? generator)
        {
            var next = latent.add(step);
            if (generator is not null)
                next = next.add(randn(latent.shape, generator: generator).mul(deviation));
            var ones = ones_like(latent.select(-1, 0));
            return new(next, ones.mul(reward), ones.mul(going), unsure ? latent.select(-1, 0) : null, ones.mul(0.5));
        }

        public void Dispose()
        {
        }
    }

    // Remembers how many observations it saw since memory began, and nothing else; they say how far it is.
    sealed class Counter : IWorldModel
    {
        public int LatentWidth => 1;

        public int ActionWidth => 2;

        public bool HasMemory => true;

        public List<float[]> Seen { get; } = [];

        public Tensor Encode(ModelSequences sequences, Generator? generator)
        {
            var counts = new List<Tensor>();
            foreach (var t in Enumerable.Range(0, (int)sequences.Observations.size(0)))
                counts.Add((t == 0 ? zeros_like(sequences.Observations[0]) : counts[^1].masked_fill(sequences.Resets![t].unsqueeze(-1), 0)).add(1));
            Seen.Add([.. counts[^1].flatten().data<float>().ToArray()]);
            return stack(counts);
        }

        public Tensor Decode(Tensor latent) => latent.clone();

        public DreamStep Step(Tensor latent, Tensor action, Generator? generator)
        {
            var ones = ones_like(latent.select(-1, 0));
            return new(latent.add(1), ones, ones);
        }

        public void Dispose()
        {
        }
    }

    // s_t = t with steps of 1; the reward of step t is t; every other episode terminates with its last step.
    TrainingColumns Count(int episodes, int steps, double noise = 0)
    {
        var random = RandomStream.Create(3, "count");
        using (var writer = DatasetWriter.Create(_data.Workspace, "count", new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = new DiscreteSpace(2) }))
        {
            for (var e = 0; e < episodes; e++)
            {
                float[] states = [.. Enumerable.Range(0, steps + 1).Select(t => t + (float)(noise * random.NextGaussian()))];
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"count/{e}",
                    BehaviorPolicy = "count",
                    Observations = states.AsSpan(0, steps),
                    DiscreteActions = new int[steps],
                    Rewards = [.. Enumerable.Range(0, steps).Select(t => (double)t)],
                    Terminated = e % 2 == 0,
                    Truncated = e % 2 == 1,
                    FinalObservation = states.AsSpan(steps, 1),
                });
            }

            writer.Commit();
        }

        return Dataset.Open(_data.Workspace, "count").Compile(NullProgress.Instance);
    }

    static HeldOutDreams Dreams(TrainingColumns columns, WorldModelConfig config) => new(
        TrainingData.Of(columns), "train", new(ObservationEncoder.Of(columns.Info.ObservationSpace), RewardTransform.Identity), config, 1, RandomStream.Create(1, "dreams"), CPU);

    [Fact]
    public void Errors_OfAModelThatIsOffByTheSameAtEveryStep_AreThatTimesK()
    {
        using var columns = Count(2, 4);
        using var dreams = Dreams(columns, new() { ErrorHorizons = [1, 2, 4], ErrorStarts = 100, ErrorSamples = 2 });
        Assert.Equal(8, dreams.Count);
        using var generator = new Generator(1);
        var report = dreams.Measure(new Adder(0.75f, 1, 0.5f), 7, generator);
        ModelErrorRow Of(int k, string target) => report.Errors.Single(row => row.Horizon == k && row.Target == target && row.Step == 7);
        // Of the 8 states one has no next one that counts (it terminates), at k = 2 three, at k = 4 all but one.
        Assert.Equal((7L, 5L, 1L), (Of(1, "observation").Count, Of(2, "observation").Count, Of(4, "observation").Count));
        Assert.Equal([0.25, 0.5, 1], [Of(1, "observation").Error, Of(2, "observation").Error, Of(4, "observation").Error]);
        Assert.Equal([1.0, 2, 4], [Of(1, "observation").Persistence, Of(2, "observation").Persistence, Of(4, "observation").Persistence]);
        Assert.Equal(0.25, Of(2, "observation").ErrorOverPersistence!.Value, 1e-9);
        // Next states of the two episodes: 1, 2, 3 and 1, 2, 3, 4.
        double[] next = [1, 2, 3, 1, 2, 3, 4];
        Assert.Equal(Math.Sqrt(next.Average(x => Math.Pow(x - next.Average(), 2))), Of(1, "observation").Spread, 1e-6);
        // Rewards of step 2: 1, 2, 3 twice, where 1 is said; before them came none (the mean is taken, 1.5), 0 and 1.
        Assert.Equal(6, Of(2, "reward").Count);
        Assert.Equal(Math.Sqrt((0 + 1 + 4) / 3.0), Of(2, "reward").Error, 1e-6);
        Assert.Equal(Math.Sqrt((0.25 + 4 + 4) / 3.0), Of(2, "reward").Persistence, 1e-6);
        // One of the six second steps terminates; half is said of each.
        Assert.Equal(0.5, Of(2, "continuation").Error, 1e-6);
        Assert.Equal(Math.Sqrt(1 / 6.0), Of(2, "continuation").Persistence, 1e-6);
        Assert.Equal(4, report.RelativeErrors.Length);
        Assert.Empty(report.Disagreements);
    }

    [Fact]
    public void AModelWithMemory_SeesTheStepsBefore_AsFarAsItsEpisodeGoesBack()
    {
        using var columns = Count(2, 50);
        using var dreams = Dreams(columns, new() { ErrorHorizons = [1], ErrorStarts = 100, ErrorSamples = 2 });
        var model = new Counter();
        using var generator = new Generator(1);
        var report = dreams.Measure(model, 0, generator);
        // Of state t of either episode it saw t + 1 observations, and never more than 32.
        float[] expected = [.. Enumerable.Range(0, 50).Concat(Enumerable.Range(0, 50)).Select(t => (float)Math.Min(t + 1, 32))];
        Assert.Equal(expected, model.Seen[0]);
        // It says t + 2 of what is t + 1, and too little beyond what it saw.
        double[] errors = [.. Enumerable.Range(0, 50).Concat(Enumerable.Range(0, 49)).Select(t => Math.Min(t + 2, 33.0) - (t + 1))];
        Assert.Equal(Math.Sqrt(errors.Average(e => e * e)), report.Errors.Single(row => row.Target == "observation").Error, 1e-5);
        // The same where only seven of them fit.
        using var narrow = new HeldOutDreams(TrainingData.Of(columns), "train", new(ObservationEncoder.Of(columns.Info.ObservationSpace), RewardTransform.Identity), new() { ErrorHorizons = [1], ErrorStarts = 100, ErrorSamples = 2 }, 1, RandomStream.Create(1, "dreams"), CPU) { MostNumbers = 7 * 32 };
        var parts = new Counter();
        Assert.Equal(report.Errors, narrow.Measure(parts, 0, generator).Errors);
        Assert.Equal(7, parts.Seen.Max(seen => seen.Length));
        Assert.Equal(expected, parts.Seen.SelectMany(seen => seen).Take(100));
    }

    [Fact]
    public void Calibration_IsRightWhereTheSpreadIs_AndSaysHowWrongItIs()
    {
        using var columns = Count(60, 30, noise: 1);
        using var dreams = Dreams(columns, new() { ErrorHorizons = [1], ErrorStarts = 1_500, ErrorSamples = 200 });
        using var generator = new Generator(1);
        // What comes differs by the noise of both states: a variance of 2, half of which a decoder may have.
        var right = dreams.Measure(new Adder(1, 0, 1, deviation: 1, observationDeviation: 1), 0, generator).Calibration.Single(row => row.Target == "observation");
        Assert.Equal(0.5, right.Within50, 0.05);
        Assert.Equal(0.8, right.Within80, 0.05);
        Assert.Equal(0.95, right.Within95, 0.03);
        Assert.Equal(1, right.ZVariance, 0.12);
        Assert.Equal(0, right.ZMean, 0.1);
        var sure = dreams.Measure(new Adder(1, 0, 1, deviation: (float)Math.Sqrt(0.5)), 0, generator).Calibration.Single(row => row.Target == "observation");
        Assert.Equal(4, sure.ZVariance, 0.5);
        Assert.InRange(sure.Within95, 0.6, 0.75);
    }

    [Fact]
    public void Limits_AreChosenByTheRule()
    {
        double[] errors = [0.1, 0.3, 0.6, 0.2], returns = [1, 4, 9, 16], disagreements = [1, 2, 3, 2];
        var rule = new LimitsRule(null, null, 1, 0.5, 15);
        DreamLimits Chosen(LimitsRule rule) => DreamLimits.Choose(rule, errors, returns, disagreements);
        // The third step is too wrong; the error of a return of two steps, 4, is 2 a step, over the mean disagreement, 2.
        Assert.Equal(new DreamLimits(2, 1, null), Chosen(rule));
        Assert.Equal(new DreamLimits(4, 2, 3), Chosen(rule with { HorizonError = 0.7, TruncationQuantile = 0.75 }));
        Assert.Equal(new DreamLimits(3, 1.5, null), Chosen(rule with { HorizonError = 0.7, MostHorizon = 3 }));
        Assert.Equal(new DreamLimits(1, 0.5, null), Chosen(rule with { HorizonError = 0.01 }));
        // What is given stays; beyond what was measured the longest return that is known counts.
        Assert.Equal(new DreamLimits(9, 3, null), Chosen(rule with { Horizon = 9, Penalty = 3 }));
        Assert.Equal(new DreamLimits(9, 2, null), Chosen(rule with { Horizon = 9 }));
        Assert.Equal(new DreamLimits(9, 1, null), DreamLimits.Choose(rule with { Horizon = 9 }, errors, [1, 4, double.PositiveInfinity, double.PositiveInfinity], disagreements));
        Assert.Equal(new DreamLimits(2, 0, null), Chosen(rule with { Penalty = 0 }));
        // Without members nothing is to be penalized, nor measured where the horizon is given.
        Assert.Equal(new DreamLimits(2, 0, null), DreamLimits.Choose(rule, errors, returns, []));
        Assert.Equal((true, true, false, true, true, false), (rule.IsOpen(1), rule.IsOpen(5), (rule with { Horizon = 4 }).IsOpen(1), (rule with { Horizon = 4 }).IsOpen(5),
            (rule with { Horizon = 4, Penalty = 0, TruncationQuantile = 0.9 }).IsOpen(5), (rule with { Horizon = 4, Penalty = 0 }).IsOpen(5)));
        Assert.Equal((new DreamLimits(15, 0, null), new DreamLimits(4, 2, null)), (rule.Unmeasured, (rule with { Horizon = 4, Penalty = 2 }).Unmeasured));
    }

    [Fact]
    public void ReturnErrors_CountWhatCameAfterATermination_AsNothing()
    {
        using var columns = Count(2, 4);
        using var dreams = Dreams(columns, new() { ErrorHorizons = [1, 3], ErrorStarts = 100, ErrorSamples = 2 });
        var report = dreams.Measure(new Adder(1, 1, 0.5f), 0, generator: null);
        Assert.Empty(report.Calibration);
        // Of three steps 1 + 1/2 + 1/4 is dreamed. The episode that terminates gave 0 + 1 + 2, 1 + 2 + 3, 2 + 3 and 3; the other, cut after four steps, 3 and 6, and of its last two states no one knows.
        double[] came = [3, 6, 5, 3, 3, 6];
        Assert.Equal(Math.Sqrt(came.Average(sum => Math.Pow(1.75 - sum, 2))), report.ReturnErrors[2], 1e-6);
        Assert.Equal(Math.Sqrt(new double[] { 0, 1, 2, 3 }.Average(reward => Math.Pow(1 - reward, 2))), report.ReturnErrors[0], 1e-6);
    }

    [Fact]
    public void ACautiousModel_TakesFromTheReward_AndCutsWhatIsUnsure()
    {
        var step = new CautiousWorldModel(new Adder(1, 10, 1, unsure: true), new DreamLimits(5, 2, 3)).Step(tensor(new float[] { 1, 4 }).reshape(2, 1), zeros(2, 2), null);
        Assert.Equal([8f, 2f], step.Reward.data<float>().ToArray());
        Assert.Equal([false, true], step.Truncated!.data<bool>().ToArray());
        Assert.Equal([1f, 1f], step.Continue.data<float>().ToArray());
        var sure = new CautiousWorldModel(new Adder(1, 10, 1), new DreamLimits(5, 2, 3)).Step(zeros(1, 1), zeros(1, 2), null);
        Assert.Equal([10f], sure.Reward.data<float>().ToArray());
        Assert.Null(sure.Truncated);
    }
}
