using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class EvaluateConfigTests
{
    [Fact]
    public void RolloutConfig_Defaults_AreThese()
    {
        var config = new RolloutConfig();
        Assert.Equal(("rollout", "", "", "", 100, 0UL, 4096, 0, 0.95, 2000),
            (config.Job, config.Name, config.Environment, config.Dataset, config.Episodes, config.Seed, config.BatchSize, config.Workers, config.Confidence, config.Resamples));
        Assert.Equal(["nominal", "held_out"], config.Tasks);
        Assert.Single(config.Validate(), fault => fault.StartsWith("policies is empty", StringComparison.Ordinal));
    }

    [Fact]
    public void OpeConfig_Defaults_AreThese()
    {
        var config = new OpeConfig();
        Assert.Equal(("ope", "", "", "", "", 1.0, IntervalMethod.BootstrapPercentile, 0.95, 2000, 0UL),
            (config.Job, config.Name, config.Dataset, config.Split, config.Environment, config.Discount, config.Interval, config.Confidence, config.Resamples, config.Seed));
        Assert.Empty(config.Estimators);
        Assert.Equal((ValueKind.None, "", "", 2, ValueHorizon.Auto), (config.Values.Kind, config.Values.Q, config.Values.V, config.Values.Folds, config.Values.Horizon));
        Assert.Equal(2, config.Validate().Count());
    }

    [Fact]
    public void Configs_WithSeveralFaults_NameAllOfThem()
    {
        var faults = new RolloutConfig { Job = "ope", Name = "a/b", Confidence = 1, Resamples = 0, Episodes = 0, Tasks = [] }.Validate().ToList();
        foreach (var key in (string[])["job", "name", "confidence", "resamples", "episodes", "tasks", "policies"])
            Assert.Contains(faults, fault => fault.StartsWith(key + " ", StringComparison.Ordinal));
        Assert.Contains(new CompareConfig().Validate(), fault => fault.StartsWith("reports", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("cartpole_rollout")]
    [InlineData("cartpole_ope")]
    [InlineData("rllib_cartpole_ope")]
    public void ShippedConfigs_Load_AndTheirPoliciesParse(string name)
    {
        var path = Path.Combine(Checkout.Root, "evaluate", "configs", name + ".yaml");
        var policies = name.EndsWith("ope", StringComparison.Ordinal) ? Config.Load<OpeConfig>(path, []).Policies : Config.Load<RolloutConfig>(path, []).Policies;
        Assert.True(policies.Select(PolicySpec.Parse).Count() >= 3);
    }
}
