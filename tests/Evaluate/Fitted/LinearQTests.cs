using System.Text.Json;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate.Fitted;

/// <summary>Linear fits: numbers of an independent script, and identities.</summary>
public class LinearQTests
{
    static readonly RandomStream Random = RandomStream.Create(0, "linear-q");

    [Fact]
    public void Fits_OnVectors_EqualNumPys()
    {
        using var golden = Golden();
        var root = golden.RootElement;
        var log = Vectors(root);
        var ridge = root.GetProperty("ridge").GetDouble();
        TabularQTests.Equal(Numbers(root, "weights"), new LinearQ(ridge).Stationary(log, new FitFeatures(log), TabularQTests.All(log), CancellationToken.None), 1e-6);
        var values = CrossFitting.Fit(new LinearQ(ridge), log, 1, Random, CancellationToken.None);
        TabularQTests.Equal(Numbers(root, "action_values"), values.ActionValues, 1e-6);
        TabularQTests.Equal(Numbers(root, "state_values"), values.StateValues, 1e-6);
        var finite = CrossFitting.Fit(new LinearQ(ridge), log with { IsFinite = true }, 1, Random, CancellationToken.None);
        TabularQTests.Equal(Numbers(root, "finite_action_values"), finite.ActionValues, 1e-6);
    }

    [Fact]
    public void MarginalizedWeights_OnVectors_EqualNumPys()
    {
        using var golden = Golden();
        var root = golden.RootElement;
        var estimate = MarginalizedWeights.Estimate(Vectors(root), Numbers(root, "ratios"), root.GetProperty("ridge").GetDouble(), CancellationToken.None);
        Assert.Equal(root.GetProperty("mis").GetDouble(), estimate.Value, 1e-6);
        Assert.Equal(root.GetProperty("mis_standard_error").GetDouble(), estimate.StandardError(), 1e-6);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fits_OnStates_AreTheTable(bool finite)
    {
        // Small enough that every action of every state is seen at every step, in both folds.
        var builder = new TabularMdpBuilder(2, 2, "two states") { Discount = 0.9 };
        for (var pair = 0; pair < 4; pair++)
            builder.Add(pair / 2, pair % 2, 0, 0.3 + (0.1 * pair), pair).Add(pair / 2, pair % 2, 1, 0.7 - (0.1 * pair), -pair);
        var log = SampledLog.Of(builder.SetStart(0, 0.5).SetStart(1, 0.5).Build(), [0.5, 0.5, 0.4, 0.6], [0.9, 0.1, 0.3, 0.7], 200, Random, steps: 4, finite).Fit;
        var table = CrossFitting.Fit(new TabularQ(), log, 2, Random, CancellationToken.None);
        var linear = CrossFitting.Fit(new LinearQ(1e-13), log, 2, Random, CancellationToken.None);
        TabularQTests.Equal(table.ActionValues, linear.ActionValues, 1e-6);
        TabularQTests.Equal(table.StateValues, linear.StateValues, 1e-6);
    }

    [Fact]
    public void Fits_OfContinuousActions_FindAQuadraticReward()
    {
        // One decision: r = 1 - (a - x)^2, the policy a = 0.5 x +- 0.1: v = 1 - 0.25 x^2 - 0.01.
        const int N = 200;
        var random = RandomStream.Create(1, "quadratic");
        var x = Enumerable.Range(0, 2 * N).Select(_ => (float)random.NextGaussian()).ToArray();
        var a = Enumerable.Range(0, N).Select(_ => (float)random.NextGaussian()).ToArray();
        var log = new FitLog
        {
            FirstRow = Enumerable.Range(0, N + 1).ToArray(),
            Rewards = Enumerable.Range(0, N).Select(i => 1 - Math.Pow((double)a[i] - x[i], 2)).ToArray(),
            Terminated = Enumerable.Repeat(true, N).ToArray(),
            FinalKnown = new bool[N],
            EpisodeHash = Enumerable.Range(0, N).Select(i => EpisodeFold.Hash(FormattableString.Invariant($"{i}"))).ToArray(),
            Discount = 1,
            IsFinite = false,
            ObservationSize = 1,
            Observations = x,
            ActionCount = 1,
            ContinuousActions = a,
            Draws = 2,
            DrawnActions = x.SelectMany(value => new[] { (0.5f * value) - 0.1f, (0.5f * value) + 0.1f }).ToArray(),
        };
        var values = CrossFitting.Fit(new LinearQ(1e-9), log, 2, Random, CancellationToken.None);
        // Beyond what rewards can be, values are cut.
        TabularQTests.Equal(log.Rewards, values.ActionValues, 1e-3);
        TabularQTests.Equal(Enumerable.Range(0, N).Select(i => 0.99 - (0.25 * x[i] * x[i])).ToArray(), values.StateValues, 1e-3);
    }

    [Fact]
    public void Fits_OfTooManyFeatures_SayWhatToUse()
    {
        var log = TabularQTests.Log([0, 1], states: [2000, 0], actions: [0], rewards: [1], terminated: [true], policy: [0.5, 0.5], discount: 0.5);
        var error = Assert.Throws<UserErrorException>(() => CrossFitting.Fit(new LinearQ(1e-6), log, 1, Random, CancellationToken.None));
        Assert.Contains("4002 weights", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fits_WithoutRidge_OfANumberThatNeverChanges_SayThatItIsSingular()
    {
        using var golden = Golden();
        var log = Vectors(golden.RootElement);
        var flat = log with { Observations = log.Observations!.Select((x, i) => i % 2 == 0 ? x : 1f).ToArray() };
        Assert.Contains("values.ridge", Assert.Throws<UserErrorException>(() => CrossFitting.Fit(new LinearQ(0), flat, 1, Random, CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    static JsonDocument Golden() => JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "tests/golden/value/fitted.json")));

    static double[] Numbers(JsonElement root, string name) => ReferenceLog.Array(root.GetProperty(name));

    static FitLog Vectors(JsonElement root)
    {
        var terminated = root.GetProperty("terminated").EnumerateArray().Select(e => e.GetBoolean()).ToArray();
        return new FitLog
        {
            FirstRow = Numbers(root, "first").Select(x => (int)x).ToArray(),
            Rewards = Numbers(root, "rewards"),
            Terminated = terminated,
            FinalKnown = terminated.Select(_ => true).ToArray(),
            EpisodeHash = new long[terminated.Length],
            Discount = root.GetProperty("gamma").GetDouble(),
            IsFinite = false,
            ObservationSize = 2,
            Observations = Numbers(root, "observations").Select(x => (float)x).ToArray(),
            ActionCount = 2,
            Actions = Numbers(root, "actions").Select(x => (int)x).ToArray(),
            Probabilities = Numbers(root, "policy"),
        };
    }
}
