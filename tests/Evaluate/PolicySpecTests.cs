using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Train.WorldModels.Planning;

namespace OfflineRL.Tests.Evaluate;

public class PolicySpecTests
{
    [Fact]
    public void Parse_OfARun_TakesSnapshotSeedAndOptions()
    {
        var plain = Assert.IsType<RunPolicySpec>(PolicySpec.Parse("run:cartpole-v1-dqn"));
        Assert.Equal(("cartpole-v1-dqn", SnapshotChoice.Last, null, null, null), (plain.Run, plain.Choice, plain.Seed, plain.Epsilon, plain.Temperature));
        var full = Assert.IsType<RunPolicySpec>(PolicySpec.Parse("run:x@step=500,seed=3,epsilon=0.1,temperature=2"));
        Assert.Equal(("x", SnapshotChoice.Step, 500, 3, 0.1, 2.0), (full.Run, full.Choice, full.Step, full.Seed, full.Epsilon, full.Temperature));
        Assert.Equal(",temperature=2,epsilon=0.1", full.OptionText);
        Assert.Equal(SnapshotChoice.All, ((RunPolicySpec)PolicySpec.Parse("run:x@all")).Choice);
        Assert.Equal(SnapshotChoice.OfflineBest, ((RunPolicySpec)PolicySpec.Parse("run:x@offline_best,seed=1")).Choice);
        var greedy = (RunPolicySpec)PolicySpec.Parse("run:x@last,greedy=true");
        Assert.Equal(0, greedy.Temperature);
        Assert.Equal(",greedy=true", greedy.OptionText);
    }

    [Fact]
    public void Parse_OfAPlan_TakesItsOptions()
    {
        var spec = Assert.IsType<RunPolicySpec>(PolicySpec.Parse("run:x@step=500,plan=cem,seed=3,horizon=20,candidates=100,iterations=4,elites=0.2,momentum=0.3,discount=0.9,penalty=2,device=cpu"));
        Assert.Equal(("x", SnapshotChoice.Step, 500, 3, "cpu"), (spec.Run, spec.Choice, spec.Step, spec.Seed, spec.Plan!.Device));
        Assert.Equal(new PlanningConfig { Horizon = 20, Candidates = 100, Iterations = 4, EliteShare = 0.2, Momentum = 0.3, Discount = 0.9, Penalty = 2 }, spec.Plan.Config);
        Assert.Equal(",plan=cem,horizon=20,candidates=100,iterations=4,elites=0.2,momentum=0.3,discount=0.9,penalty=2", spec.OptionText);
        var gradient = ((RunPolicySpec)PolicySpec.Parse("run:x,plan=gradient,learning_rate=0.2,relaxation=softmax")).Plan!.Config;
        Assert.Equal(("gradient", 0.2, "softmax", null, null), (gradient.Planner, gradient.LearningRate, gradient.Relaxation, gradient.Horizon, gradient.Penalty));
        Assert.Null(((RunPolicySpec)PolicySpec.Parse("run:x")).Plan);
    }

    [Fact]
    public void Parse_OfColumns_TakesTemperatureOrItsInverse()
    {
        var logits = Assert.IsType<ColumnsPolicySpec>(PolicySpec.Parse("columns:logits=z,temperature=0.5"));
        Assert.Equal(("z", true, 2.0), (logits.Column, logits.AreLogits, logits.Beta));
        var probabilities = Assert.IsType<ColumnsPolicySpec>(PolicySpec.Parse("columns:probs=behavior_probs"));
        Assert.Equal(("behavior_probs", false, 1.0), (probabilities.Column, probabilities.AreLogits, probabilities.Beta));
        Assert.Equal(0.25, ((ColumnsPolicySpec)PolicySpec.Parse("columns:beta=0.25,logits=z")).Beta);
        Assert.Equal("scripted?epsilon=0.1", Assert.IsType<BuiltInPolicySpec>(PolicySpec.Parse("builtin:scripted?epsilon=0.1")).Policy);
    }

    [Theory]
    [InlineData("cartpole-dqn", "expected run:NAME")]
    [InlineData("run:", "expected run:NAME")]
    [InlineData("run:@last", "expected run:NAME")]
    [InlineData("run:x@newest", "expected run:NAME")]
    [InlineData("run:x@best", "run:x@all")]
    [InlineData("run:x,epsilon=1.5", "epsilon=1.5; expected a number from 0 to 1")]
    [InlineData("run:x,seed=-1", "seed=-1")]
    [InlineData("run:x,greedy=perhaps", "'greedy'")]
    [InlineData("run:x,speed=3", "'speed'; expected seed, epsilon")]
    [InlineData("run:x,plan=dreaming", "plan is 'dreaming'")]
    [InlineData("run:x,plan=cem,horizon=0", "horizon is 0; expected 1 to 1000")]
    [InlineData("run:x,plan=cem,horizon=far", "horizon=far")]
    [InlineData("run:x,plan=cem,epsilon=0.1", "'epsilon'; expected plan, horizon")]
    [InlineData("run:x,horizon=3", "'horizon'; expected seed, epsilon")]
    [InlineData("run:x,epsilon", "expected run:NAME")]
    [InlineData("columns:temperature=2", "expected run:NAME")]
    [InlineData("columns:logits=z,probs=p", "'probs'")]
    [InlineData("columns:logits=z,beta=2,temperature=2", "'temperature'")]
    [InlineData("columns:logits=z,beta=0", "beta=0")]
    [InlineData("columns:logits=z,beta=NaN", "beta=NaN")]
    public void Parse_OfAnythingElse_SaysWhatWasExpected(string text, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => PolicySpec.Parse(text));
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
