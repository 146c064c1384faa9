using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public sealed class NormalizedScoreTests
{
    [Theory]
    [InlineData("CartPole-v1", true)]
    [InlineData("CartPole-v1?length=0.5", true)]
    [InlineData("CartPole-v1?length=0.55", false)]
    public void References_OfAnEnvironment_AreThoseOfItsDefaultsAlone(string id, bool known)
    {
        var references = ReferenceReturns.Of(EnvironmentRegistry.Resolve(id).ToString());
        Assert.Equal(known ? new ReferenceReturns(22.26, 500) : null, references);
    }

    [Theory]
    [InlineData("")]
    [InlineData("gymnasium:nowhere.py:Env?x=1")]
    [InlineData("CartPole-v1")]
    public void References_OfAnEnvironmentThatIsNotHere_AreNone(string environment) => Assert.Null(ReferenceReturns.Of(environment));

    [Fact]
    public void Scores_AtTheDefaults_CountFromRandomToExpert()
    {
        var nominal = EnvironmentRegistry.Resolve("CartPole-v1").ToString();
        var held = EnvironmentRegistry.Resolve("CartPole-v1?length=1").ToString();
        RolloutRow[] rows =
        [
            .. new[] { 22.26, 500 }.Select((r, i) => Row("nominal", nominal, "nominal", i, r)),
            .. new[] { 100.0, 300 }.Select((r, i) => Row("double-pole", held, "held_out", i, r)),
        ];
        var scores = ScoreTable.Of(rows, 0.95, 200, RandomStream.Create(0, "t"));
        var score = scores.Single(s => s.Task == "nominal");
        Assert.Equal(50, score.NormalizedMean!.Value, 1e-9);
        Assert.Equal(100 * (score.MeanLow!.Value - 22.26) / 477.74, score.NormalizedLow!.Value, 1e-9);
        Assert.Equal(100 * (score.MeanHigh!.Value - 22.26) / 477.74, score.NormalizedHigh!.Value, 1e-9);
        Assert.Equal((22.26, 500), (score.ReferenceRandom!.Value, score.ReferenceExpert!.Value));
        var other = scores.Single(s => s.Task == "double-pole");
        Assert.Null(other.NormalizedMean);
        Assert.Null(other.ReferenceExpert);
    }

    static RolloutRow Row(string task, string environment, string label, int episode, double sum) => new()
    {
        Algorithm = "builtin", Policy = "p", Task = task, Environment = environment, Label = label, IsLast = true,
        RolloutSeed = 0, Episode = episode, Return = sum, Length = 1, Terminated = true, Truncated = false,
    };
}
