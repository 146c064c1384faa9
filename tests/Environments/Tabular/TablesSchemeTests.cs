using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

public sealed class TablesSchemeTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("tables").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tables_FromAFile_StepLikeTheEnvironmentTheyCameFrom(bool npz)
    {
        var mdp = TabularTests.Mdp("FrozenLake-v1");
        var path = Path.Combine(_folder, npz ? "lake.npz" : "lake");
        (npz ? (Action<TabularMdp, string>)TabularFiles.WriteNpz : TabularFiles.WriteCsv)(mdp, path);
        var definition = EnvironmentRegistry.Definition($"tables:{path}");
        Assert.Equal($"tables:{path}#{mdp.ContentHash[..12]}", definition.Id);
        Assert.Equal(500, definition.MaxEpisodeSteps);
        Assert.Equal(14.0 / 17, definition.ReferenceExpertReturn!.Value, 1e-4);
        Assert.Equal(["optimal"], definition.Policies.Select(p => p.Name));
        // The identity that a dataset records opens the same again.
        var identity = EnvironmentRegistry.Resolve($"tables:{path}");
        Assert.Equal(identity, EnvironmentRegistry.Resolve(identity.ToString()));
        using var ours = new Batch($"{definition.Id}?max_steps=100", 8).Reset(1, 2, 3, 4, 5, 6, 7, 8);
        using var original = new Batch("FrozenLake-v1", 8).Reset(1, 2, 3, 4, 5, 6, 7, 8);
        for (var t = 0; t < 200; t++)
        {
            var actions = Enumerable.Range(0, 8).Select(i => (t + i) % 4).ToArray();
            ours.Step(actions);
            original.Step(actions);
            Assert.Equal(original.Observations, ours.Observations);
            Assert.Equal(original.Rewards, ours.Rewards);
        }
    }

    [Fact]
    public void Tables_ThatChanged_AreRefusedUnderTheirOldName()
    {
        var path = Path.Combine(_folder, "mdp.npz");
        TabularFiles.WriteNpz(TabularTests.Mdp("GridWorld-v1"), path);
        var id = EnvironmentRegistry.Definition($"tables:{path}").Id;
        File.Delete(path);
        TabularFiles.WriteNpz(TabularTests.Mdp("GridWorld-v1?slip=0.1"), path);
        var error = Assert.Throws<UserErrorException>(() => TabularSchemes.Task(id));
        Assert.Contains("others than those that were named", error.Message, StringComparison.Ordinal);
        Assert.NotEqual(id, TabularSchemes.Task($"tables:{path}").Id);
    }

    [Fact]
    public void Slip_MixesTheRowsExactly()
    {
        var path = Path.Combine(_folder, "mdp.npz");
        TabularFiles.WriteNpz(TabularTests.Mdp("FrozenLake-v1?slippery=0"), path);
        var task = TabularSchemes.Task($"tables:{path}");
        var identity = task.Define().DefaultIdentity;
        Assert.Equal(VariantLabel.HeldOut, EnvironmentRegistry.Label(EnvironmentRegistry.Resolve($"tables:{path}?slip=0.3"), EnvironmentRegistry.Resolve($"tables:{path}")));
        var noisy = task.Mdp(identity with { Parameters = new Dictionary<string, double>(identity.Parameters) { ["slip"] = 0.4 } });
        // From 0, right: to 1 with 0.6 + 0.1; left and up stay, down to 4.
        var row = noisy.Row(0, 2);
        Assert.Equal([0, 1, 4], row.NextStates.ToArray());
        Assert.Equal([0.2, 0.7, 0.1], row.Probabilities.ToArray(), (a, b) => Math.Abs(a - b) < 1e-15);
    }

    [Fact]
    public void IcuSepsis_HasItsExpertAndReferencesAndMask()
    {
        var path = SharedData.Require("icu_sepsis/dynamics.npz");
        var definition = EnvironmentRegistry.Definition($"tables:{path}");
        Assert.Equal(new DiscreteSpace(716), definition.ObservationSpace);
        Assert.Equal(0.780071, definition.ReferenceRandomReturn!.Value, 1e-6);
        Assert.Equal(0.875142, definition.ReferenceExpertReturn!.Value, 1e-6);
        Assert.Equal(["optimal", "expert"], definition.Policies.Select(p => p.Name));
        var expert = BuiltInPolicies.Make("expert", definition);
        var returns = Batch.Returns(expert, $"tables:{path}", 250, 5);
        // Returns are 0 or 1: five standard errors.
        Assert.Equal(0.781845, returns.Average(), 5 * Math.Sqrt(0.17 / returns.Length));
        Assert.All(returns, r => Assert.True(r is 0 or 1));
        using var plain = new Batch($"tables:{path}", 1);
        Assert.False(plain.Environment is IMaskedEnvironment);
        using var masked = new Batch($"tables:{path}?action_mask=1", 1).Reset(1);
        var mask = new bool[25];
        ((IMaskedEnvironment)masked.Environment).ActionMasks(mask);
        Assert.InRange(mask.Count(m => m), 1, 24);
    }

    [Theory]
    [InlineData("tables:", "names no file")]
    [InlineData("tables:/nowhere/mdp.npz", "does not exist")]
    [InlineData("tables:/", "holds no MDP")]
    public void Open_OfNothing_SaysSo(string id, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => EnvironmentRegistry.Definition(id)).Message, StringComparison.Ordinal);
}
