using System.CommandLine;
using System.Globalization;
using OfflineRL.Cli.Hosting;
using OfflineRL.Environments;

namespace OfflineRL.Cli.Environments;

/// <summary><c>offlinerl environments list</c>: all environments, or one with its parameters and held-out variants.</summary>
static class ListCommand
{
    public static Command Create()
    {
        Argument<string?> id = new("id") { Description = "Show the parameters, ranges and held-out variants of one", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("list", """
            Lists environments; with an id, its parameters, where they may be recorded, and what is held out.

            Examples:
              offlinerl environments list
              offlinerl environments list CartPole-v1
            """)
        {
            id,
        };
        command.SetAction(arguments =>
        {
            if (arguments.GetValue(id) is { } one)
                Show(EnvironmentRegistry.Definition(one));
            else
                ShowAll();
            return ExitCodes.Done;
        });
        return command;
    }

    static void ShowAll() => Tables.Write(
        ["id", "observation", "action", "steps", "random", "expert", "held out", "description"],
        EnvironmentRegistry.All.Select(d => (IReadOnlyList<string>)
        [
            d.Id, $"{d.ObservationSpace}", $"{d.ActionSpace}", Text(d.MaxEpisodeSteps), Text(d.ReferenceRandomReturn), Text(d.ReferenceExpertReturn),
            Text(d.HeldOutVariants.Count), d.Description,
        ]),
        new HashSet<int> { 3, 4, 5, 6 });

    static void Show(EnvironmentDefinition definition)
    {
        Console.WriteLine($"{definition.Id}: {definition.Description}");
        Console.WriteLine($"observation {definition.ObservationSpace}, action {definition.ActionSpace}, at most {definition.MaxEpisodeSteps} steps");
        Console.WriteLine();
        Tables.Write(
            ["parameter", "default", "unit", "recordable", "held out"],
            definition.Parameters.Select(p => (IReadOnlyList<string>)[p.Name, Text(p.Default), p.Unit, $"{p.Recordable}", string.Join(" ", p.HeldOut)]));
        Console.WriteLine();
        Tables.Write(["held-out variant", "id"], definition.HeldOutVariants.Select(v => (IReadOnlyList<string>)[v.Name, v.Id]));
    }

    static string Text(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
