using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

/// <summary>Environments with parameters of their own, under built-in policies and held-out variants.</summary>
public sealed class BuiltInTasksTests
{
    static readonly Workspace Nowhere = Workspace.Open("/nonexistent");

    [Fact]
    public void Variants_OfAnEnvironmentWithParameters_KeepThem()
    {
        var tasks = RolloutTask.Resolve(["nominal", "held_out"], "CartPole-v1?force=9&length=0.45", EnvironmentRegistry.Resolve("CartPole-v1?force=9&length=0.45"));
        Assert.Equal((9, 0.45), (Parameter("nominal", "force"), Parameter("nominal", "length")));
        // The variant's own parameter over the nominal one's; every other one stays.
        Assert.Equal((9, 0.8), (Parameter("long-pole", "force"), Parameter("long-pole", "length")));
        Assert.Equal((5, 0.45), (Parameter("weak-force", "force"), Parameter("weak-force", "length")));
        Assert.All(tasks.Skip(1), t => Assert.Equal(VariantLabel.HeldOut, t.Label));

        double Parameter(string task, string name) => tasks.Single(t => t.Name == task).Identity.Parameters[name];
    }

    [Theory]
    [InlineData("weak-forse", "Did you mean 'weak-force'?")]
    [InlineData("nominall", "Did you mean 'nominal'?")]
    [InlineData("pendulum", "Did you mean 'Pendulum-v")]
    [InlineData("Pendulum-v3?mass=1", "Unknown environment 'Pendulum-v3'")]
    public void Task_ThatIsNot_NamesTheNearestVariantOrEnvironment(string task, string message) =>
        Assert.Contains(message, Assert.Throws<UserErrorException>(() => RolloutTask.Resolve([task], "CartPole-v1", null)).Message, StringComparison.Ordinal);

    [Fact]
    public void BuiltIn_InAnEnvironmentOfOtherSpaces_HasThose()
    {
        foreach (var (id, actions) in new[] { ("Breakout-MinAtar-v1", 6), ("Breakout-MinAtar-v1?minimal_actions=1", 3) })
        {
            Assert.Equal(new DiscreteSpace(actions), Load(id, null).ActionSpace);
            // So, too, where the environment is that of a dataset, which holds its parameters.
            Assert.Equal(new DiscreteSpace(actions), Load("", EnvironmentRegistry.Resolve(id)).ActionSpace);
        }
    }

    [Fact]
    public void BuiltIn_WithoutAnEnvironment_IsAnError() =>
        Assert.Contains("no dataset names one", Assert.Throws<UserErrorException>(() => Load("", null)).Message, StringComparison.Ordinal);

    static IPolicy Load(string environment, EnvironmentIdentity? recorded) =>
        PolicyResolver.Resolve([PolicySpec.Parse("builtin:uniform")], Nowhere, environment, recorded).Candidates.Single().Load();
}
