using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Every error of this project.</summary>
[StackTraceHidden]
static partial class Throw
{
    public static UserErrorException UnknownEnvironment(string name, IEnumerable<string> known) =>
        new($"Unknown environment '{name}'.{NearestName.Hint(name, known.ToList())} 'offlinerl environments list' shows them.");

    public static UserErrorException UnknownScheme(string id, string scheme, IReadOnlyList<EnvironmentScheme> known) =>
        new($"Environment '{id}': unknown scheme '{scheme}'.{NearestName.Hint(scheme, [.. known.Select(s => s.Name)])} Expected {string.Join(" or ", known.Select(s => s.Form))}.");

    public static UserErrorException MalformedId(string id, string part) =>
        new($"Environment '{id}': '{part}' is not a parameter; expected NAME?key=value&key=value with each key once, for example CartPole-v1?length=0.8.");

    public static UserErrorException UnknownParameter(string id, string name, IEnumerable<string> known) =>
        new($"Environment '{id}': unknown parameter '{name}'.{NearestName.Hint(name, known.ToList())}");

    public static UserErrorException ParameterOutside(string id, ParameterDefinition p, string text) =>
        new($"Environment '{id}': {p.Name} is '{text}'; expected a {(p.IsWhole ? "whole number" : "number")} in {p.Valid} ({p.Unit}).");

    public static UserErrorException NotRecordable(string id, ParameterDefinition p, double value) =>
        new(string.Create(CultureInfo.InvariantCulture,
            $"Environment '{id}' may not be recorded: {p.Name} is {value}, the recordable range is {p.Recordable}. What lies outside is kept for evaluation; choose a value inside, or evaluate on it instead."));

    public static UserErrorException UnknownPolicy(string spec, string name, IEnumerable<string> known) =>
        new($"Unknown built-in policy '{name}' in '{spec}'.{NearestName.Hint(name, known.ToList())}");

    public static UserErrorException SpacesDiffer(IPolicy first, IPolicy other) =>
        new($"Policies '{first.Name}' and '{other.Name}' cannot be mixed: their spaces differ (observations {first.ObservationSpace} and {other.ObservationSpace}, actions {first.ActionSpace} and {other.ActionSpace}).");

    public static ArgumentException NotDiscrete(IPolicy policy) =>
        new($"Policy '{policy.Name}' has actions {policy.ActionSpace}; epsilon-soft needs discrete ones.");

    public static UserErrorException PolicyNeedsEnvironment(string name, string environment, IReadOnlyList<string> others) =>
        new($"The built-in policy '{name}' cannot act in {environment}. Use {string.Join(", ", others.Prepend("uniform").Select(p => $"'{p}'"))}, or a trained policy.");

    public static InvalidOperationException NotMakeable(EnvironmentIdentity identity) =>
        new($"The definition of {identity.Id} has no way to make an instance.");

    public static void IfNotReset([NotNull] object? random, EnvironmentIdentity identity)
    {
        if (random is null)
            throw new InvalidOperationException($"{identity.Id} was stepped before its first reset; call Reset once with a seed for every instance.");
    }

    public static void IfOutsideBatch(int instance, int count)
    {
        if ((uint)instance >= (uint)count)
            throw new ArgumentOutOfRangeException(nameof(instance), instance, $"Instance {instance} was named; expected 0 to {count - 1}.");
    }

    public static void IfOutsideEpisode(int steps, int limit)
    {
        if ((uint)steps >= (uint)limit)
            throw new ArgumentOutOfRangeException(nameof(steps), steps, $"{steps} steps into an episode were named; expected 0 to {limit - 1}, between two steps.");
    }

    public static void IfLengthDiffers(int found, int expected, string name)
    {
        if (found != expected)
            throw new ArgumentOutOfRangeException(name, found, $"{name} has length {found}; expected {expected}.");
    }

    /// <summary>Refuses a batch of discrete actions of another length, or with one outside 0 .. <paramref name="actionCount"/> - 1.</summary>
    public static void IfActionOutside(ReadOnlySpan<int> actions, int count, int actionCount)
    {
        IfLengthDiffers(actions.Length, count, nameof(actions));
        if (actions.ContainsAnyExceptInRange(0, actionCount - 1))
            ActionOutside(actions, actionCount);
    }

    /// <summary>Refuses a batch of actions of another length, or with a number that is NaN or outside its bounds.</summary>
    public static void IfActionOutside(ReadOnlySpan<float> actions, int count, BoxSpace space)
    {
        var width = space.FlatSize;
        IfLengthDiffers(actions.Length, count * width, nameof(actions));
        for (var dimension = 0; dimension < width; dimension++)
        {
            var (low, high) = ((float)space.Low[dimension], (float)space.High[dimension]);
            var inside = true;
            for (var i = dimension; i < actions.Length; i += width)
                inside &= actions[i] >= low & actions[i] <= high;
            if (!inside)
                ActionOutside(actions, space, dimension);
        }
    }

    [DoesNotReturn]
    static void ActionOutside(ReadOnlySpan<float> actions, BoxSpace space, int dimension)
    {
        var (low, high) = (space.Low[dimension], space.High[dimension]);
        var at = dimension;
        while (actions[at] >= (float)low && actions[at] <= (float)high)
            at += space.FlatSize;
        throw new ArgumentOutOfRangeException(
            nameof(actions), actions[at], string.Create(CultureInfo.InvariantCulture, $"Action {actions[at]} in instance {at / space.FlatSize}, dimension {dimension}; expected {low} to {high}."));
    }

    [DoesNotReturn]
    public static void ActionOutside(ReadOnlySpan<int> actions, int count)
    {
        var at = actions.IndexOfAnyExceptInRange(0, count - 1);
        throw new ArgumentOutOfRangeException(nameof(actions), actions[at], $"Action {actions[at]} in instance {at}; expected 0 to {count - 1}.");
    }
}
