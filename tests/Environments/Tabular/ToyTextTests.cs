using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>Tables against those that Gymnasium 1.3.0 builds (tests/golden/tabular/toy_text.py).</summary>
public sealed class ToyTextTests
{
    [Theory]
    [InlineData("frozen4", "FrozenLake-v1", 100)]
    [InlineData("frozen8", "FrozenLake-v1?size=8", 200)]
    [InlineData("frozen4_firm", "FrozenLake-v1?slippery=0", 100)]
    [InlineData("frozen8_half", "FrozenLake-v1?size=8&success_rate=0.5", 200)]
    [InlineData("cliff", "CliffWalking-v1", 1000)]
    [InlineData("cliff_slippery", "CliffWalking-v1?slippery=1", 1000)]
    [InlineData("taxi", "Taxi-v4", 200)]
    [InlineData("taxi", "Taxi-v3", 200)]
    [InlineData("taxi_rainy", "Taxi-v4?rainy=1", 200)]
    [InlineData("taxi_rainy_half", "Taxi-v4?rainy=1&rainy_probability=0.5", 200)]
    public void Tables_AreGymnasiums(string name, string id, int steps)
    {
        using var golden = NpzFile.Open(Path.Combine(Checkout.Root, "tests", "golden", "tabular", "toy_text.npz"));
        var (state, action, next) = (golden.ReadInt32s($"{name}.state"), golden.ReadInt32s($"{name}.action"), golden.ReadInt32s($"{name}.next_state"));
        var (probability, reward, terminal) = (golden.ReadDoubles($"{name}.probability"), golden.ReadDoubles($"{name}.reward"), golden.ReadBooleans($"{name}.terminal"));
        var mdp = TabularTests.Mdp(id);
        Assert.Equal(steps, EnvironmentRegistry.Definition(id).MaxEpisodeSteps);
        Assert.Equal(state.Length, mdp.TransitionCount);
        Assert.True(state.Length >= 64, "the golden table is empty");
        var ours = new Dictionary<(int, int, int, double, bool), double>();
        for (var s = 0; s < mdp.StateCount; s++)
        {
            for (var a = 0; a < mdp.ActionCount; a++)
            {
                var row = mdp.Row(s, a);
                for (var i = 0; i < row.Count; i++)
                    ours.Add((s, a, row.NextStates[i], row.Rewards[i], row.Ends[i]), row.Probabilities[i]);
            }
        }

        for (var i = 0; i < state.Length; i++)
        {
            Assert.True(ours.TryGetValue((state[i], action[i], next[i], reward[i], terminal[i]), out var found), $"entry {i}: state {state[i]}, action {action[i]} to {next[i]}");
            Assert.Equal(probability[i], found, 1e-15);
        }

        Assert.Equal(golden.ReadDoubles($"{name}.start"), mdp.Start.ToArray(), (a, b) => Math.Abs(a - b) < 1e-15);
        if (!id.StartsWith("Taxi", StringComparison.Ordinal))
            return;
        var masked = TabularTests.Mdp(id + (id.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "action_mask=1");
        Assert.Equal(golden.ReadBooleans($"{name}.mask"), masked.Mask.ToArray());
        Assert.False(mdp.HasMask);
    }
}
