using System.Text.Json;
using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

/// <summary>MDPs that several tests use.</summary>
static class Mdps
{
    /// <summary>Two states, two actions, continuing; its values are worked out by hand in the tests.</summary>
    public static TabularMdp Pair(double discount) => new TabularMdpBuilder(2, 2, "pair") { Discount = discount }
        .Add(0, 0, 0, 1, 1)
        .Add(0, 1, 1, 1, 0)
        .Add(1, 0, 0, 0.5, 0).Add(1, 0, 1, 0.5, 2)
        .Add(1, 1, 1, 1, 1.5)
        .SetStart(0, 1)
        .Build();

    /// <summary>A random MDP without ends: every action leads to up to <paramref name="branching"/> states.</summary>
    public static TabularMdp Random(int states, int actions, int branching, double discount, ulong seed, double endProbability = 0, bool mask = false)
    {
        var random = RandomStream.Create(seed, "mdp");
        var builder = new TabularMdpBuilder(states, actions, $"random {seed}") { Discount = discount };
        for (var s = 0; s < states; s++)
        {
            for (var a = 0; a < actions; a++)
            {
                var weights = new double[branching];
                for (var i = 0; i < branching; i++)
                    weights[i] = -Math.Log(1 - random.NextDouble());
                var sum = weights.Sum();
                for (var i = 0; i < branching; i++)
                    builder.Add(s, a, random.NextInt(states), (1 - endProbability) * weights[i] / sum, Math.Round(random.NextGaussian(), 3));
                if (endProbability > 0)
                    builder.Add(s, a, 0, endProbability, 1, ends: true);
            }

            if (mask && s % 3 == 0)
                builder.Forbid(s, s % actions);
            builder.SetStart(s, 1.0 / states);
        }

        return builder.Build();
    }

    /// <summary>One of the sequential references, with its policies pi_b and pi_e.</summary>
    public static (TabularMdp Mdp, TabularPolicy Behavior, TabularPolicy Evaluated) Sequential(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(SharedData.RequireReference(Path.Combine("ope", file))));
        var root = json.RootElement;
        var start = Flat(root.GetProperty("d0"));
        var actions = root.GetProperty("R_mean")[0].GetArrayLength();
        var terminal = new bool[start.Length];
        if (root.TryGetProperty("terminal_state", out var state))
            terminal[state.GetInt32()] = true;
        var mdp = TabularMdpBuilder.FromDense(
            file, Flat(root.GetProperty("P")), Flat(root.GetProperty("R_mean")), start, actions, root.GetProperty("gamma").GetDouble(), terminal);
        return (mdp, new TabularPolicy("pi_b", mdp, Flat(root.GetProperty("pi_b"))), new TabularPolicy("pi_e", mdp, Flat(root.GetProperty("pi_e"))));
    }

    /// <summary>The return of every deterministic policy, from the plain equations.</summary>
    public static IEnumerable<(int[] Actions, double Return)> AllPolicies(TabularMdp mdp)
    {
        var actions = new int[mdp.StateCount];
        while (true)
        {
            if (Enumerable.Range(0, mdp.StateCount).All(s => mdp.IsAllowed(s, actions[s])))
                yield return ((int[])actions.Clone(), Iterate(mdp, actions));
            var at = 0;
            while (at < actions.Length && ++actions[at] == mdp.ActionCount)
                actions[at++] = 0;
            if (at == actions.Length)
                yield break;
        }
    }

    // Two thousand plain backups; no solver.
    static double Iterate(TabularMdp mdp, int[] actions)
    {
        var values = new double[mdp.StateCount];
        for (var k = 0; k < 2000; k++)
        {
            var next = new double[values.Length];
            for (var s = 0; s < next.Length; s++)
            {
                var row = mdp.Row(s, actions[s]);
                for (var i = 0; i < row.Count; i++)
                    next[s] += row.Probabilities[i] * (row.Rewards[i] + (row.Ends[i] ? 0 : mdp.Discount * values[row.NextStates[i]]));
            }

            values = next;
        }

        return Enumerable.Range(0, values.Length).Sum(s => mdp.Start[s] * values[s]);
    }

    static double[] Flat(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? [.. element.EnumerateArray().SelectMany(Flat)]
        : [element.GetDouble()];
}
