using System.Globalization;
using System.Text.Json;
using CsvHelper;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

/// <summary>ICU-Sepsis' tables against exact values that an independent script computed.</summary>
public sealed class IcuSepsisTests
{
    static readonly Lazy<TabularFile> Tables = new(() => TabularFiles.Read(SharedData.Require("icu_sepsis/dynamics.npz")));

    [Fact]
    public void Read_EndsWhereNothingFollows()
    {
        var mdp = Require().Default;
        Assert.Equal((716, 25), (mdp.StateCount, mdp.ActionCount));
        Assert.False(mdp.HasMask);
        Assert.Equal([713, 714, 715], Enumerable.Range(0, 716).Where(mdp.IsTerminal));
        Assert.Empty(mdp.Notes);
        Assert.True(Require().Mdp.HasMask);
        Assert.Equal([5, 10, 15, 20], Enumerable.Range(0, 25).Where(a => Require().Mdp.IsAllowed(0, a)));
    }

    [Theory]
    [InlineData("gamma_1", 1.0)]
    [InlineData("gamma_0.99", 0.99)]
    public void Solver_GivesTheReferenceValues(string key, double discount)
    {
        var mdp = Require().Default.WithDiscount(discount);
        using var json = JsonDocument.Parse(File.ReadAllText(SharedData.RequireReference("ope/icu_sepsis_reference.json")));
        var reference = json.RootElement.GetProperty(key);
        double Value(string policy, string figure = "J") => reference.GetProperty(policy).GetProperty(figure).GetDouble();
        using var npz = NpzFile.Open(SharedData.Require("icu_sepsis/dynamics.npz"));
        var expert = new TabularPolicy("expert", mdp, npz.ReadDoubles("expert_policy"));
        var uniform = TabularPolicy.Uniform(mdp);

        Assert.Equal(Value("random"), TabularSolver.Evaluate(mdp, uniform).Return, 1e-12);
        Assert.Equal(Value("expert"), TabularSolver.Evaluate(mdp, expert).Return, 1e-12);
        Assert.Equal(Value("random", "mean_episode_length"), TabularSolver.ExpectedSteps(mdp, uniform), 1e-10);
        Assert.Equal(Value("expert", "mean_episode_length"), TabularSolver.ExpectedSteps(mdp, expert), 1e-10);
        var optimum = TabularSolver.PolicyIteration(mdp);
        Assert.Equal(Value("optimal"), optimum.Return, 1e-12);
        Assert.InRange(optimum.Residual, 0, 1e-12);
        if (discount < 1)
            return;
        Assert.Equal("0.780071 0.781845 0.875142", string.Create(
            CultureInfo.InvariantCulture,
            $"{TabularSolver.Evaluate(mdp, uniform).Return:0.000000} {TabularSolver.Evaluate(mdp, expert).Return:0.000000} {optimum.Return:0.000000}"));
        var admissible = TabularSolver.PolicyIteration(Require().Mdp);
        Assert.Equal(json.RootElement.GetProperty("gamma_1_admissible_only_optimal").GetProperty("J").GetDouble(), admissible.Return, 1e-12);
        var sweeps = TabularSolver.ValueIteration(mdp, 1e-6);
        Assert.Equal(json.RootElement.GetProperty("value_iteration_1e-6").GetProperty("J").GetDouble(), sweeps.Return, 1e-12);
        Assert.InRange(sweeps.Iterations, 145, 151);
    }

    [Fact]
    public void Solver_GivesTheReferenceValuesOfEveryState()
    {
        var mdp = Require().Default;
        using var npz = NpzFile.Open(SharedData.Require("icu_sepsis/dynamics.npz"));
        var optimal = TabularSolver.PolicyIteration(mdp);
        var random = TabularSolver.Evaluate(mdp, TabularPolicy.Uniform(mdp));
        var expert = TabularSolver.Evaluate(mdp, new TabularPolicy("expert", mdp, npz.ReadDoubles("expert_policy")));
        using var csv = new CsvReader(new StreamReader(SharedData.RequireReference("ope/icu_sepsis_optimal_value_gamma1.csv")), CultureInfo.InvariantCulture);
        csv.Read();
        csv.ReadHeader();
        var rows = 0;
        for (; csv.Read(); rows++)
        {
            var s = csv.GetField<int>("state");
            Assert.Equal(csv.GetField<double>("v_optimal"), optimal.States[s], 1e-12);
            Assert.Equal(csv.GetField<double>("v_random"), random.States[s], 1e-12);
            Assert.Equal(csv.GetField<double>("v_expert"), expert.States[s], 1e-12);
        }

        Assert.Equal(713, rows);
    }

    static TabularFile Require()
    {
        SharedData.Require("icu_sepsis/dynamics.npz");
        return Tables.Value;
    }
}
