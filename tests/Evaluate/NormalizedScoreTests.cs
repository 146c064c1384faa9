using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public sealed class NormalizedScoreTests
{
    static readonly string Source = EnvironmentRegistry.Definition("CartPole-v1").ReferenceSource;

    [Theory]
    [InlineData("CartPole-v1", true)]
    [InlineData("CartPole-v1?length=0.5", true)]
    [InlineData("CartPole-v1?length=0.55", false)]
    // Another view of the same task, and another task.
    [InlineData("CartPole-v1?frame_stack=4", true)]
    [InlineData("CartPole-v1?frame_stack=4&observation_noise=0.1", false)]
    [InlineData("CartPole-v1?action_repeat=2", false)]
    [InlineData("CartPole-v1?time_limit=100", false)]
    public void References_OfAnEnvironment_AreThoseOfItsDefaultsAlone(string id, bool known)
    {
        var identity = EnvironmentRegistry.Resolve(id);
        Assert.Equal(known ? new ReferenceReturns(identity.ToString(), 22.26, 500, Source) : null, ReferenceReturns.Of(identity));
    }

    [Theory]
    [InlineData("RandomMdp-v1", "exact, by backward induction")]
    [InlineData("Hopper-v4", "D4RL")]
    public void References_OfAnEnvironment_SayWhereTheyComeFrom(string id, string source) =>
        Assert.StartsWith(source, ReferenceReturns.Of(EnvironmentRegistry.Resolve(id))!.Source, StringComparison.Ordinal);

    [Fact]
    public void Scores_AtTheDefaults_CountFromRandomToExpert()
    {
        var nominal = EnvironmentRegistry.Resolve("CartPole-v1");
        var held = EnvironmentRegistry.Resolve("CartPole-v1?length=1");
        RolloutRow[] rows =
        [
            .. new[] { 22.26, 500 }.Select((r, i) => Row("nominal", nominal.ToString(), "nominal", i, r)),
            .. new[] { 100.0, 300 }.Select((r, i) => Row("double-pole", held.ToString(), "held_out", i, r)),
        ];
        var scores = ScoreTable.Of(rows, [ReferenceReturns.Of(nominal)!], 0.95, 200, RandomStream.Create(0, "t"));
        var score = scores.Single(s => s.Task == "nominal");
        Assert.Equal(50, score.NormalizedMean!.Value, 1e-9);
        Assert.Equal(100 * (score.MeanLow!.Value - 22.26) / 477.74, score.NormalizedLow!.Value, 1e-9);
        Assert.Equal(100 * (score.MeanHigh!.Value - 22.26) / 477.74, score.NormalizedHigh!.Value, 1e-9);
        Assert.Equal((22.26, 500, Source), (score.ReferenceRandom!.Value, score.ReferenceExpert!.Value, score.ReferenceSource));
        var other = scores.Single(s => s.Task == "double-pole");
        Assert.Null(other.NormalizedMean);
        Assert.Null(other.ReferenceExpert);
        Assert.Null(other.ReferenceSource);
    }

    static RolloutRow Row(string task, string environment, string label, int episode, double sum) => new()
    {
        Algorithm = "builtin", Policy = "p", Task = task, Environment = environment, Label = label, IsLast = true,
        RolloutSeed = 0, Episode = episode, Return = sum, Length = 1, Terminated = true, Truncated = false,
    };
}
