using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>The policies of continuous actions: densities against literals and integrals, draws against densities.</summary>
public sealed class ContinuousPolicyTests
{
    static readonly BoxSpace Observations = BoxSpace.Unbounded(2);

    static readonly BoxSpace Actions = new([2], [-1, 0], [3, 0.5]);

    // Its action is the observation, clipped to the bounds: rows choose the center.
    static readonly ContinuousController Copy = new("copy", Observations, Actions, static (o, a) => (a[0], a[1]) = (o[0], o[1]));

    [Fact]
    public void Uniform_OverABox_HasTheDensityOfItsVolumeInsideAndNoneOutside()
    {
        var policy = new UniformBoxPolicy(Observations, Actions);
        foreach (float[] inside in new float[][] { [-1, 0], [3, 0.5f], [0, 0.25f] })
            Assert.Equal(-Math.Log(2), LogDensity(policy, [0, 0], inside), 1e-15);
        foreach (float[] outside in new float[][] { [-1.001f, 0], [3, 0.501f], [0, float.NaN] })
            Assert.Equal(double.NegativeInfinity, LogDensity(policy, [0, 0], outside));
    }

    // By Python's statistics.NormalDist: the sum over dimensions of ln pdf(a) - ln(cdf(high) - cdf(low)), sigma = noise (high - low) / 2.
    [Theory]
    [InlineData(0.2, new[] { 1, 0.25f }, new[] { 1, 0.25f }, 2.0741470856254165)]
    [InlineData(0.5, new[] { 2.5f, 0.1f }, new[] { -1, 0.5f }, -10.395206664141163)]
    [InlineData(0.3, new[] { 3, 0f }, new[] { 2.75f, 0.0625f }, 2.2154823061969204)]
    [InlineData(0.3, new[] { 300, -7f }, new[] { 2.75f, 0.0625f }, 2.2154823061969204)]
    [InlineData(2, new[] { 0, 0.5f }, new[] { 3, 0f }, -1.248762766700564)]
    [InlineData(2, new[] { 0, 0.5f }, new[] { 3.01f, 0f }, double.NegativeInfinity)]
    public void Noise_AroundAnAction_HasTheTruncatedNormalDensity(double noise, float[] center, float[] action, double expected) =>
        Assert.Equal(expected, LogDensity(new GaussianNoisePolicy(Copy, noise), center, action), 1e-13);

    [Theory]
    [InlineData("scripted?noise=0.05", 0)]
    [InlineData("scripted?noise=0.7", 2)]
    [InlineData("scripted?noise=10", -2)]
    [InlineData("scripted?noise=0.3&epsilon=0.25", 1)]
    [InlineData("uniform", 0)]
    [InlineData("uniform?epsilon=0.5", 0)]
    [InlineData("scripted?epsilon=1", 0)]
    public void Density_OverAllActions_IntegratesToOneAndDrawsFollowIt(string spec, double center)
    {
        const int Bins = 16, PerBin = 2000, Draws = 20_000;
        const double Width = 4.0 / Bins;
        // The controller turns 10 angle + 2.5 speed back: with the rod upright the speed chooses the center.
        var policy = BuiltInPolicies.Make(spec, EnvironmentRegistry.Definition("Pendulum-v1"));
        Assert.True(policy.HasPropensities);
        float[] observation = [1, 0, (float)(center / -2.5)];
        var expected = Enumerable.Range(0, Bins).Select(b => Enumerable.Range(0, PerBin)
            .Sum(n => Math.Exp(LogDensity(policy, observation, [(float)(-2 + ((b + ((n + 0.5) / PerBin)) * Width))])) * Width / PerBin)).ToArray();
        Assert.Equal(1, expected.Sum(), 1e-5);

        var counts = new int[Bins];
        var random = RandomStream.Create(5, spec);
        var (action, log) = (new float[1], new double[1]);
        for (var n = 0; n < Draws; n++)
        {
            policy.Act(new PolicyInput { Count = 1, Observations = observation, Random = new[] { random } }, new PolicyOutput { Continuous = action, LogProbabilities = log });
            Assert.Equal(LogDensity(policy, observation, action), log[0]);
            counts[Math.Min(Bins - 1, (int)((action[0] + 2) / Width))]++;
        }

        // Chi-square with 15 degrees of freedom: 50 has probability 1e-5. Bins of less than five are left out.
        Assert.InRange(Enumerable.Range(0, Bins).Where(b => expected[b] * Draws >= 5).Sum(b => Math.Pow(counts[b] - (Draws * expected[b]), 2) / (Draws * expected[b])), 0, 50);
        Assert.True(Enumerable.Range(0, Bins).Where(b => expected[b] * Draws < 5).Sum(b => counts[b]) < 50);
    }

    [Fact]
    public void Mixture_OfNoiseAndUniform_HasTheDensityOfTheFormula()
    {
        var noise = new GaussianNoisePolicy(Copy, 0.2);
        var mixture = new UniformMixturePolicy(noise, 0.3);
        float[] center = [1, 0.25f];
        foreach (float[] action in new float[][] { [1, 0.25f], [1.5f, 0.2f], [-1, 0.5f] })
        {
            var expected = (0.7 * Math.Exp(LogDensity(noise, center, action))) + (0.3 / 2);
            Assert.Equal(expected, Math.Exp(LogDensity(mixture, center, action)), 1e-14 * expected);
        }

        Assert.Equal(double.NegativeInfinity, LogDensity(mixture, center, [-1.1f, 0.25f]));
        Assert.Equal(LogDensity(noise, center, [1.5f, 0.2f]), LogDensity(new UniformMixturePolicy(noise, 0), center, [1.5f, 0.2f]));
        Assert.Equal(-Math.Log(2), LogDensity(new UniformMixturePolicy(Copy, 1), center, [1.5f, 0.2f]), 1e-15);
    }

    [Theory]
    [InlineData("uniform")]
    [InlineData("scripted")]
    [InlineData("scripted?noise=0.5&epsilon=0.2")]
    public void Act_OfABatch_GivesTheDigitsOfSingleRows(string spec)
    {
        const int Count = 7;
        var policy = BuiltInPolicies.Make(spec, EnvironmentRegistry.Definition("DMSD"));
        using var batch = new Batch("DMSD", Count).Reset(1, 2, 3, 4, 5, 6, 7);
        var (together, log) = (new float[2 * Count], new double[Count]);
        policy.Act(new PolicyInput { Count = Count, Observations = batch.Observations, Random = Streams() }, new PolicyOutput { Continuous = together, LogProbabilities = log });
        for (var i = 0; i < Count; i++)
        {
            var (alone, one) = (new float[2], new double[1]);
            policy.Act(new PolicyInput { Count = 1, Observations = batch.Row(i), Random = Streams().AsSpan(i, 1) }, new PolicyOutput { Continuous = alone, LogProbabilities = one });
            Assert.Equal(together.AsSpan(2 * i, 2).ToArray(), alone);
            Assert.Equal(log[i], one[0]);
        }

        static RandomStream[] Streams() => Enumerable.Range(0, Count).Select(i => RandomStream.Create(9, "a").Derive((ulong)i)).ToArray();
    }

    [Fact]
    public void Controller_OfContinuousActions_ClipsAndHasNoDensity()
    {
        Assert.False(Copy.HasPropensities);
        var (actions, log) = (new float[4], new double[2]);
        Copy.Act(new PolicyInput { Count = 2, Observations = [7, -3, 0.5f, 0.125f] }, new PolicyOutput { Continuous = actions, LogProbabilities = log });
        Assert.Equal([3, 0, 0.5f, 0.125f], actions);
        Assert.All(log, l => Assert.Equal(double.PositiveInfinity, l));
        Assert.Equal(double.PositiveInfinity, LogDensity(Copy, [0.5f, 0.125f], [0.5f, 0.125f]));
        Assert.Equal(double.NegativeInfinity, LogDensity(Copy, [0.5f, 0.125f], [0.5f, 0.25f]));
        // One deterministic component is enough to leave a recording without propensities.
        Assert.False(new MixturePolicy([new UniformBoxPolicy(Observations, Actions), Copy], [1, 1]).HasPropensities);
        Assert.True(new MixturePolicy([new UniformBoxPolicy(Observations, Actions), new GaussianNoisePolicy(Copy, 1)], [1, 1]).HasPropensities);
    }

    [Fact]
    public void Policies_UnderWrappers_KeepTheirDensities()
    {
        const string Id = "Pendulum-v1?frame_stack=3";
        var definition = EnvironmentRegistry.Definition(Id);
        Assert.False(Make("scripted").HasPropensities);
        Assert.Equal(
            LogDensity(BuiltInPolicies.Make("scripted?noise=0.3", EnvironmentRegistry.Definition("Pendulum-v1")), [1, 0, 0.2f], [0.5f]),
            LogDensity(Make("scripted?noise=0.3"), [-1, 0, 9, -1, 0, 9, 1, 0, 0.2f], [0.5f]));

        IPolicy Make(string spec) => BuiltInPolicies.Make(spec, definition, EnvironmentRegistry.Resolve(Id));
    }

    [Theory]
    [InlineData("Pendulum-v1", "scripted?epsilon=0.1", "would have no density. Put noise around it first, for example scripted?noise=0.2&epsilon=0.1")]
    [InlineData("Pendulum-v1", "uniform?noise=0.1", "noise goes around a deterministic policy of continuous actions; 'uniform'")]
    [InlineData("CartPole-v1", "scripted?noise=0.1", "noise goes around a deterministic policy of continuous actions; 'scripted'")]
    [InlineData("Pendulum-v1", "scripted?noise=0", "noise=S with S above 0 up to 10")]
    [InlineData("Pendulum-v1", "scripted?noise=0.1&noise=0.2", "each once")]
    [InlineData("Pendulum-v1", "scripted?noise=NaN", "'noise=NaN' is not understood")]
    [InlineData("Pendulum-v1", "scripted-full", "'scripted-full'")]
    public void Make_OfASpecThatDoesNotFit_SaysWhatWould(string id, string spec, string message) =>
        Assert.Contains(message, Assert.Throws<UserErrorException>(() => BuiltInPolicies.Make(spec, EnvironmentRegistry.Definition(id))).Message, StringComparison.Ordinal);

    [Fact]
    public void Uniform_OverUnboundedActions_NamesTheDimension()
    {
        var error = Assert.Throws<UserErrorException>(() => new UniformBoxPolicy(Observations, new BoxSpace([2], [-1, double.NegativeInfinity], [1, 1])));
        Assert.Contains("dimension 1 lies between -", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1e-10, 1.1283791670955126e-10)]
    [InlineData(0.1, 0.1124629160182849)]
    [InlineData(0.5, 0.5204998778130465)]
    [InlineData(1, 0.8427007929497149)]
    [InlineData(2, 0.9953222650189527)]
    [InlineData(3.5, 0.9999992569016276)]
    [InlineData(5.9, 0.9999999999999999)]
    [InlineData(40, 1)]
    public void Erf_OfLiterals_IsTheTables(double x, double expected) => Assert.Equal(expected, GaussianNoisePolicy.Erf(x), 2e-15);

    static double LogDensity(IPolicy policy, float[] observation, float[] action)
    {
        var log = new double[1];
        policy.Score(new PolicyInput { Count = 1, Observations = observation }, new ActionBatch { Continuous = action }, log, []);
        return log[0];
    }
}
