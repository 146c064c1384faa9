using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>The file of <c>external:FILE.yaml</c>: how a simulator is started, and which of its parameters may be recorded or are held out.</summary>
public sealed record ExternalConfig : IValidatable
{
    /// <summary>The program of the server (a path, or a name that stands in PATH) and its arguments; no shell reads them.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Instead of a command: what the Python server that comes with the tool makes, as after <c>gymnasium:</c>.</summary>
    public string Gymnasium { get; init; } = "";

    /// <summary>Which environment the server is asked for, where it has several.</summary>
    public string Environment { get; init; } = "";

    /// <summary>Environment variables, beside those of the tool.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the command runs; seen from the folder of this file.</summary>
    public string Folder { get; init; } = ".";

    /// <summary>From the start to the server's READY.</summary>
    public TimeSpan StartTimeout { get; init; } = ExternalCommand.DefaultTimeout;

    /// <summary>For each later reply.</summary>
    public TimeSpan CallTimeout { get; init; } = ExternalCommand.DefaultTimeout;

    /// <summary>One sentence; empty: the server's.</summary>
    public string Description { get; init; } = "";

    /// <summary>Parameters by name. Those that the server lists and this does not are recordable everywhere.</summary>
    public IReadOnlyDictionary<string, ExternalParameter> Parameters { get; init; } = new Dictionary<string, ExternalParameter>();

    /// <summary>Environments that are never recorded, by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> HeldOutVariants { get; init; } = new Dictionary<string, IReadOnlyDictionary<string, double>>();

    /// <summary>Mean return of uniform random actions on the defaults; null: the server's, where it has one.</summary>
    public double? ReferenceRandomReturn { get; init; }

    /// <summary>Mean return of a policy that solves the defaults; null: the server's, where it has one.</summary>
    public double? ReferenceExpertReturn { get; init; }

    /// <summary>Where the reference returns come from.</summary>
    public string ReferenceSource { get; init; } = "";

    public IEnumerable<string> Validate()
    {
        if (Command.Count == 0 == (Gymnasium.Length == 0))
            yield return "command and gymnasium: expected one of them, for example 'command: [python3, my_server.py]' or 'gymnasium: my_environment.py:MyEnvironment'.";
        if (Command.Count > 0 && Command[0].Length == 0)
            yield return "command: the first word is empty; expected a program.";
        if (Gymnasium.Length > 0 && Environment.Length > 0)
            yield return "environment: belongs to a command; 'gymnasium' names its environment itself.";
        foreach (var (key, value) in new[] { ("start_timeout", StartTimeout), ("call_timeout", CallTimeout) })
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(7))
                yield return string.Create(CultureInfo.InvariantCulture, $"{key} is {value.TotalSeconds} s; expected more than 0, at most 7 days.");
        }

        foreach (var fault in Parameters.SelectMany(p => p.Value.Faults().Select(fault => $"parameters.{p.Key}: {fault}")))
            yield return fault;
        foreach (var fault in HeldOutVariants.SelectMany(v => VariantFaults(v.Value).Select(fault => $"held_out_variants.{v.Key}: {fault}")))
            yield return fault;
    }

    // A variant that the labels would not call held out is a mistake that nobody would notice.
    IEnumerable<string> VariantFaults(IReadOnlyDictionary<string, double> values)
    {
        var isHeldOut = false;
        foreach (var (name, value) in values)
        {
            if (!Parameters.TryGetValue(name, out var parameter))
            {
                yield return $"'{name}' is not under parameters.{NearestName.Hint(name, Parameters.Keys.ToList())}";
                continue;
            }

            if (parameter.Faults().Any())
                yield break;
            var definition = parameter.Define(name);
            isHeldOut |= !definition.Recordable.Contains(value);
            if (!definition.Recordable.Contains(value) && !definition.HeldOut.Any(h => h.Contains(value)))
                yield return string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; expected a value of held_out ({string.Join(", ", definition.HeldOut)}) or of recordable ({definition.Recordable}).");
            else if (definition.IsStructural && !value.Equals(definition.Default))
                yield return string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; a structural parameter keeps its default of {definition.Default} in a variant.");
        }

        if (!isHeldOut)
            yield return "no parameter is outside its recordable range; expected at least one.";
    }
}

/// <summary>A parameter of an external environment.</summary>
public sealed record ExternalParameter
{
    /// <summary>The value where an id does not name it.</summary>
    public double? Default { get; init; }

    /// <summary>For readers.</summary>
    public string Unit { get; init; } = "";

    /// <summary>[low, high] where the environment is defined at all; empty: everywhere.</summary>
    public IReadOnlyList<double> Valid { get; init; } = [];

    /// <summary>[low, high] where the recorder may go; empty: all that is valid.</summary>
    public IReadOnlyList<double> Recordable { get; init; } = [];

    /// <summary>Intervals [low, high] that are kept for evaluation; none touches the recordable one.</summary>
    public IReadOnlyList<IReadOnlyList<double>> HeldOut { get; init; } = [];

    /// <summary>Whether another value makes it another task (spaces, rewards, limits).</summary>
    public bool IsStructural { get; init; }

    internal ParameterDefinition Define(string name)
    {
        var valid = Valid.Count == 2 ? new Interval(Valid[0], Valid[1]) : Everywhere;
        return new ParameterDefinition(name, Default!.Value, Unit, valid, Recordable.Count == 2 ? new Interval(Recordable[0], Recordable[1]) : valid, [.. HeldOut.Select(h => new Interval(h[0], h[1]))])
        {
            IsStructural = IsStructural,
        };
    }

    internal static Interval Everywhere { get; } = new(double.MinValue, double.MaxValue);

    internal IEnumerable<string> Faults()
    {
        if (Default is null)
            yield return "default is missing; expected the value that the environment has by itself.";
        var isWrong = false;
        foreach (var (key, interval) in HeldOut.Select(h => ("held_out", h)).Prepend(("recordable", Recordable)).Prepend(("valid", Valid)))
        {
            if (interval.Count == 0 && key != "held_out" || interval.Count == 2 && interval[0] <= interval[1])
                continue;
            isWrong = true;
            yield return $"{key} is [{string.Join(", ", interval.Select(v => v.ToString(CultureInfo.InvariantCulture)))}]; expected {(key == "held_out" ? "a list of intervals [low, high]" : "[low, high]")}.";
        }

        if (isWrong || Default is null)
            yield break;
        var p = Define("");
        if (HeldOut.Count > 0 && Recordable.Count == 0)
            yield return "held_out is there but recordable is not; expected [low, high], which no held-out interval touches.";
        else if (HeldOut.Any(h => p.Recordable.Overlaps(new Interval(h[0], h[1]))))
            yield return $"held_out {string.Join(", ", p.HeldOut)} touches recordable {p.Recordable}; what is recorded cannot be held out.";
        if (!p.Recordable.Contains(p.Default))
            yield return string.Create(CultureInfo.InvariantCulture, $"default is {p.Default}; expected a value of recordable {p.Recordable}.");
        if (p.HeldOut.Append(p.Recordable).Any(i => i.Low < p.Valid.Low || i.High > p.Valid.High))
            yield return $"recordable or held_out leaves valid {p.Valid}.";
    }
}
