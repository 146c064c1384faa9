using System.Text.Json;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Cli;

public sealed class EnvironmentsListTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-list-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void List_OfAll_NamesEveryEnvironmentSchemeAndWrapper()
    {
        var output = List().Output;
        Assert.All(EnvironmentRegistry.All, d => Assert.Contains($"\n{d.Id} ", output, StringComparison.Ordinal));
        Assert.All(EnvironmentRegistry.All.Select(d => d.Requirement).Where(r => r.Length > 0), r => Assert.Contains(r, output, StringComparison.Ordinal));
        Assert.All(EnvironmentRegistry.Schemes, s => Assert.Contains($"\n{s.Form} ", output, StringComparison.Ordinal));
        Assert.All(WrapperParameters.All, p => Assert.Contains($"\n{p.Name} ", output, StringComparison.Ordinal));
    }

    [Fact]
    public void List_OfOne_ShowsSpacesRangesVariantsPoliciesAndReferences()
    {
        var output = List("Hopper-v4").Output;
        var hopper = EnvironmentRegistry.Definition("Hopper-v4");
        Assert.Contains("box(11, float32): any each", output, StringComparison.Ordinal);
        Assert.Contains("random -20.272, expert 3234.3; D4RL", output, StringComparison.Ordinal);
        Assert.Contains("make setup-mujoco", output, StringComparison.Ordinal);
        Assert.Matches(@"friction +1 +.* \[0\.8, 1\.25\] +\[0\.2, 0\.6\] \[1\.6, 3\]", output);
        Assert.All(hopper.HeldOutVariants, v => Assert.Matches($@"\n{v.Name} +{System.Text.RegularExpressions.Regex.Escape(v.Id)}", output));
        Assert.Contains("\nuniform ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void List_AsJson_HoldsWhatTheRegistryHolds()
    {
        var all = JsonDocument.Parse(List("--json").Output).RootElement;
        var environments = all.GetProperty("environments").EnumerateArray().ToDictionary(e => e.GetProperty("id").GetString()!);
        Assert.Equal(EnvironmentRegistry.All.Select(d => d.Id), environments.Keys.Order(StringComparer.Ordinal));
        foreach (var d in EnvironmentRegistry.All)
        {
            var e = environments[d.Id];
            Assert.Equal(d.ReferenceExpertReturn, e.TryGetProperty("reference_expert_return", out var expert) ? expert.GetDouble() : null);
            Assert.Equal(d.Requirement, e.TryGetProperty("requirement", out var requirement) ? requirement.GetString() : "");
            Assert.Equal(d.HeldOutVariants.Select(v => v.Id), e.GetProperty("held_out_variants").EnumerateArray().Select(v => v.GetProperty("id").GetString()));
            foreach (var (p, listed) in d.Parameters.Zip(e.GetProperty("parameters").EnumerateArray()))
            {
                Assert.Equal((p.Name, p.Default), (listed.GetProperty("name").GetString(), listed.GetProperty("default").GetDouble()));
                Assert.Equal([p.Recordable.Low, p.Recordable.High], Numbers(listed.GetProperty("recordable")));
                Assert.Equal(p.HeldOut.Select(h => (double[])[h.Low, h.High]), listed.GetProperty("held_out").EnumerateArray().Select(Numbers));
            }
        }

        Assert.Equal(WrapperParameters.All.Select(p => p.Name), all.GetProperty("wrappers").EnumerateArray().Select(p => p.GetProperty("name").GetString()));
        var stacked = JsonDocument.Parse(List("CartPole-v1?frame_stack=4&length=0.8", "--json").Output).RootElement;
        Assert.Equal(16, stacked.GetProperty("observations").GetProperty("shape")[0].GetInt32());
        Assert.Equal(0.8, stacked.GetProperty("values").GetProperty("length").GetDouble());

        static double[] Numbers(JsonElement ends) => [.. ends.EnumerateArray().Select(n => n.GetDouble())];
    }

    [Theory]
    [InlineData("cartpole", "Did you mean 'CartPole-v1'?")]
    [InlineData("breakout", "Did you mean 'Breakout-MinAtar-v1'?")]
    [InlineData("DMSD-v0", "Did you mean 'DMSD'?")]
    [InlineData("Pendulum-v1?masss=2", "Did you mean 'mass'?")]
    [InlineData("Taxi-v3?frame_stack=2", "frame_stack does not fit its observations")]
    public void List_OfWhatIsNot_EndsWith2AndNamesTheNearest(string id, string message)
    {
        var result = Tool.Run(_root, "environments", "list", id, "--json").Expect(2);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    ToolResult List(params string[] arguments) => Tool.Run(_root, ["environments", "list", .. arguments]).Expect(0);
}
