using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Cli.Environments;

/// <summary><c>offlinerl environments list</c>: all environments, or one with everything that is known of it.</summary>
static class ListCommand
{
    // More bounds than this are not listed one by one.
    const int MostBounds = 12;

    // What stands for no upper end.
    const double LargestShown = 1e6;

    public static Command Create()
    {
        Argument<string?> id = new("id") { Description = "Show one: spaces, returns, policies, parameters with their ranges, held-out variants", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = new("--json") { Description = "Write JSON, with everything that is known of each" };
        var command = new Command("list", """
            Lists environments; with an id, its spaces and parameters, where they may be recorded, and what is held out.

            Examples:
              offlinerl environments list
              offlinerl environments list CartPole-v1
              offlinerl environments list 'CartPole-v1?frame_stack=4' --json
            """)
        {
            id, json,
        };
        command.SetAction(arguments =>
        {
            Run(arguments.GetValue(id), arguments.GetValue(json));
            return ExitCodes.Done;
        });
        return command;
    }

    static void Run(string? id, bool json)
    {
        var (definition, identity) = id is null ? (null, null) : (EnvironmentRegistry.Definition(id), EnvironmentRegistry.Resolve(id));
        if (json)
            Console.WriteLine(definition is null ? Json(EnvironmentListings.All()) : Json(EnvironmentListing.Of(definition, identity!)));
        else if (definition is null)
            ShowAll();
        else
            Show(definition, identity!);
    }

    static string Json<T>(T value) => JsonSerializer.Serialize(value, JsonFiles.Options);

    static void ShowAll()
    {
        // One table for each family, with columns of one width.
        var families = EnvironmentRegistry.Families.Where(f => f.Definitions.Count > 0).ToList();
        foreach (var (name, definitions) in families)
        {
            Console.WriteLine($"{name}:");
            Tables.Write(
                ["id", "observations", "actions", "steps", "random", "expert", "held out"],
                definitions.Select(d => (IReadOnlyList<string>)
                    [d.Id, $"{d.ObservationSpace}", $"{d.ActionSpace}", Steps(d), Text(d.ReferenceRandomReturn), Text(d.ReferenceExpertReturn), Text(d.HeldOutVariants.Count)]),
                new HashSet<int> { 3, 4, 5, 6 });
            foreach (var need in definitions.Where(d => d.Requirement.Length > 0).GroupBy(d => d.Requirement))
                Console.WriteLine($"{string.Join(", ", need.Select(d => d.Id))}: needs {need.Key}");
            Console.WriteLine();
        }

        if (EnvironmentRegistry.Schemes.Count > 0)
        {
            Console.WriteLine("Your own:");
            Tables.Write(["id", "what it is"], EnvironmentRegistry.Schemes.Select(s => (IReadOnlyList<string>)[s.Form, s.Description]));
            Console.WriteLine();
        }

        if (WrapperParameters.All.Count > 0)
        {
            Console.WriteLine("Parameters that every environment takes, each a wrapper around it, such as CartPole-v1?frame_stack=4:");
            WriteParameters(WrapperParameters.All);
            Console.WriteLine();
        }

        Console.WriteLine("random, expert: mean returns that normalized scores call 0 and 100; held out: variants never recorded.");
        Console.WriteLine("'offlinerl environments list ID' shows parameters with their ranges, variants, policies and sources.");
    }

    static void Show(EnvironmentDefinition definition, EnvironmentIdentity identity)
    {
        Console.WriteLine($"{definition.Id}: {definition.Description}");
        if (!identity.Equals(definition.DefaultIdentity))
            Line("as", EnvironmentRegistry.ShortId(identity));
        Line("observations", Describe(definition.ObservationSpace));
        Line("actions", Describe(definition.ActionSpace));
        Line("steps", definition.MaxEpisodeSteps == int.MaxValue ? "no limit" : $"{Steps(definition)} at most");
        if (definition.ReferenceRandomReturn is not null || definition.ReferenceExpertReturn is not null)
        {
            var returns = new[] { ("random", definition.ReferenceRandomReturn), ("expert", definition.ReferenceExpertReturn) }.Where(r => r.Item2 is not null);
            Line("mean return", $"{string.Join(", ", returns.Select(r => $"{r.Item1} {Text(r.Item2)}"))}; {EnvironmentListing.SourceOf(definition)}");
        }

        if (definition.Success is { } success)
            Line("success", success.Description);
        if (definition.Requirement.Length > 0)
            Line("needs", definition.Requirement);
        Line("drawn", EnvironmentPictures.Painter(definition, identity, definition.ObservationSpace) is not null ? "from its observations" : "by itself, where it can");

        Table("parameter", definition.Parameters.Count, () => WriteParameters(definition.Parameters));
        Table("held-out variant", definition.HeldOutVariants.Count, () =>
            Tables.Write(["held-out variant", "id"], definition.HeldOutVariants.Select(v => (IReadOnlyList<string>)[v.Name, v.Id])));
        Table("policy", 1, () => Tables.Write(
            ["policy", "what it does"],
            PolicyListing.Of(definition).Select(p => (IReadOnlyList<string>)[p.Name, p.Description])));
        if (WrapperParameters.All.Count > 0)
            Console.WriteLine($"\nwrappers, as further parameters: {string.Join(", ", WrapperParameters.All.Select(p => p.Name))} ('offlinerl environments list' explains them)");
    }

    static void WriteParameters(IReadOnlyList<ParameterDefinition> parameters) => Tables.Write(
        ["parameter", "default", "unit", "recordable", "held out"],
        parameters.Select(p => (IReadOnlyList<string>)
            [p.Name, Short(p.Default), p.Unit, Range(p.Recordable), p.IsStructural ? "none: another task" : string.Join(" ", p.HeldOut.Select(Range))]));

    static void Table(string what, int count, Action write)
    {
        Console.WriteLine();
        if (count == 0)
            Console.WriteLine($"no {what}s");
        else
            write();
    }

    static void Line(string label, string text) => Console.WriteLine($"{label + ":",-14}{text}");

    static string Describe(Space space) => space is BoxSpace box ? $"{box}: {Bounds(box)}" : $"{space}: 0 to {((DiscreteSpace)space).Count - 1}";

    static string Bounds(BoxSpace box)
    {
        var bounds = box.Low.Zip(box.High).Distinct().ToList();
        if (bounds.Count == 1)
            return $"{One(bounds[0])}{(box.FlatSize > 1 ? " each" : "")}";
        return box.FlatSize <= MostBounds
            ? string.Join(", ", box.Low.Zip(box.High).Select(One))
            : $"each between {Short(box.Low.Min())} and {Short(box.High.Max())}";

        static string One((double Low, double High) bound) => double.IsInfinity(bound.Low) && double.IsInfinity(bound.High)
            ? "any"
            : $"[{Short(bound.Low)}, {Short(bound.High)}]";
    }

    static string Range(Interval interval) =>
        interval.Low.Equals(interval.High) ? Short(interval.Low)
        : interval is { Low: <= double.MinValue, High: >= double.MaxValue } ? "any"
        : interval.High >= LargestShown ? $"from {Short(interval.Low)}"
        : $"[{Short(interval.Low)}, {Short(interval.High)}]";

    static string Steps(EnvironmentDefinition definition) => definition.MaxEpisodeSteps == int.MaxValue ? "" : Text(definition.MaxEpisodeSteps);

    static string Short(double value) => Math.Abs(value) is 0 or (>= 1e-3 and < LargestShown) || double.IsInfinity(value)
        ? value.ToString("G6", CultureInfo.InvariantCulture)
        : value.ToString("0.###e0", CultureInfo.InvariantCulture);

    static string Text(double? value) => value?.ToString("0.###", CultureInfo.InvariantCulture) ?? "";
}
