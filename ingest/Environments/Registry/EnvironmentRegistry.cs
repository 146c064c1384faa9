using System.Collections.Concurrent;
using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Every environment by id. An id may set parameters: <c>CartPole-v1?length=0.8&amp;gravity=12</c>.</summary>
public static class EnvironmentRegistry
{
    static readonly ConcurrentDictionary<string, Lazy<EnvironmentDefinition>> Opened = new(StringComparer.Ordinal);

    /// <summary>All listed definitions by what kind they are of, each family in ordinal order of the ids.</summary>
    public static IReadOnlyList<(string Name, IReadOnlyList<EnvironmentDefinition> Definitions)> Families { get; } =
    [
        .. new[]
        {
            ("Physics", ClassicControlEnvironments.All),
            ("Tables of transitions", TabularEnvironments.All),
            ("Small pixel games", PixelEnvironments.All),
            ("Rigid bodies", MujocoEnvironments.All),
        }.Select(f => (f.Item1, (IReadOnlyList<EnvironmentDefinition>)[.. f.Item2.OrderBy(d => d.Id, StringComparer.Ordinal)])),
    ];

    /// <summary>All listed definitions, in ordinal order of their ids.</summary>
    public static IReadOnlyList<EnvironmentDefinition> All { get; } = [.. Families.SelectMany(f => f.Definitions).OrderBy(d => d.Id, StringComparer.Ordinal)];

    /// <summary>How environments are named that no list can hold.</summary>
    public static IReadOnlyList<EnvironmentScheme> Schemes { get; } = [.. TabularSchemes.All, .. ExternalSchemes.All];

    /// <summary>A batch of instances; <see cref="IVectorEnvironment.Reset"/> it before the first step.</summary>
    /// <param name="id">An id, with parameters or without.</param>
    /// <param name="count">Instances, at least 1.</param>
    /// <param name="rendered">Whether it is to draw itself (<see cref="IRenderedEnvironment"/>) where it can; an external one prepares for that only if told.</param>
    /// <exception cref="UserErrorException">The id, a parameter or a value is not known.</exception>
    public static IVectorEnvironment Make(string id, int count, bool rendered = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var (definition, identity) = (Base(id), Resolve(id));
        // Before anything is made: where a wrapper does not fit, no child process must be left behind.
        var wrapped = Definition(id);
        var create = rendered ? definition.CreateRendered ?? definition.Create : definition.Create;
        return WrapperParameters.Wrap(create(identity, count), wrapped, identity);
    }

    /// <summary>The definition that an id names: spaces and step limit are those under its parameters, its wrappers' included.</summary>
    /// <exception cref="UserErrorException">There is no such environment, or no such parameter, or its wrappers do not fit it.</exception>
    public static EnvironmentDefinition Definition(string id)
    {
        var (definition, identity) = (Base(id), Resolve(id));
        return WrapperParameters.Apply(definition.Adapt?.Invoke(identity) ?? definition, identity);
    }

    /// <summary>The identity that an id names: its parameters over the defaults. Wrappers' parameters stand in it only where they are set.</summary>
    /// <exception cref="UserErrorException">The id, a parameter or a value is not known.</exception>
    public static EnvironmentIdentity Resolve(string id)
    {
        var definition = Base(id);
        var values = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var p in definition.Parameters)
            values[p.Name] = p.Default;
        foreach (var (name, text) in EnvironmentId.Parse(id).Parameters)
        {
            var p = Parameter(definition, name)
                ?? (definition.TakesOtherParameters ? Undeclared(name) : null)
                ?? throw Throw.UnknownParameter(id, name, [.. definition.Parameters.Concat(WrapperParameters.All).Select(p => p.Name)]);
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !p.Valid.Contains(value) || (p.IsWhole && !double.IsInteger(value)))
                throw Throw.ParameterOutside(id, p, text);
            values[name] = value;
        }

        foreach (var wrapper in WrapperParameters.Of(definition))
        {
            if (values.TryGetValue(wrapper.Name, out var value) && value.Equals(wrapper.Default))
                values.Remove(wrapper.Name);
        }

        return new EnvironmentIdentity(definition.Id, values);
    }

    /// <summary>
    /// A held-out variant of an environment that may itself have parameters: the variant's own over those.
    /// </summary>
    /// <exception cref="UserErrorException">The variant is of another environment, or a parameter is not known.</exception>
    public static EnvironmentIdentity Vary(EnvironmentIdentity nominal, HeldOutVariant variant)
    {
        var values = new SortedDictionary<string, double>(nominal.Parameters.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
        var definition = Base(nominal.Id);
        foreach (var (name, _) in EnvironmentId.Parse(variant.Id).Parameters)
            values[name] = Value(definition, Resolve(variant.Id), name);
        return Resolve(new EnvironmentIdentity(nominal.Id, values).ToString());
    }

    /// <summary>
    /// The shortest id that resolves to an identity: parameters that have their default are left out.
    /// An identity that the registry does not know is written with all of them.
    /// </summary>
    public static string ShortId(EnvironmentIdentity identity)
    {
        var definition = Known(identity.Id);
        var changed = identity.Parameters.Where(p => definition?.Parameters.FirstOrDefault(d => d.Name == p.Key)?.Default != p.Value);
        return new EnvironmentIdentity(identity.Id, changed.ToDictionary(StringComparer.Ordinal)).ToString();
    }

    /// <summary>How an evaluation on one environment relates to a log.</summary>
    /// <param name="evaluated">What the policy runs on.</param>
    /// <param name="recorded">What the log names; null where it names none.</param>
    public static VariantLabel Label(EnvironmentIdentity evaluated, EnvironmentIdentity? recorded)
    {
        if (recorded is null || recorded.Id != evaluated.Id)
            return VariantLabel.Unknown;
        if (recorded.Equals(evaluated))
            return VariantLabel.Nominal;
        var definition = Known(evaluated.Id);
        return definition is not null && IsSameTask(definition, evaluated, recorded) && HasSameOthers(definition, evaluated, recorded) && IsHeldOut(definition, evaluated) ? VariantLabel.HeldOut : VariantLabel.Unknown;
    }

    /// <summary>Resolves an id that is to be recorded.</summary>
    /// <exception cref="UserErrorException">The id is not known, or lies outside the recordable box.</exception>
    public static EnvironmentIdentity ResolveRecordable(string id)
    {
        var identity = Resolve(id);
        return Outside(identity) is { } outside ? throw Throw.NotRecordable(id, outside, Value(Base(id), identity, outside.Name)) : identity;
    }

    /// <summary>Whether it may be recorded: no parameter lies where it is kept back for evaluation.</summary>
    public static bool IsRecordable(EnvironmentIdentity identity) => Outside(identity) is null;

    static ParameterDefinition? Outside(EnvironmentIdentity identity)
    {
        var definition = Base(identity.ToString());
        return AllParameters(definition).FirstOrDefault(p => !p.Recordable.Contains(Value(definition, identity, p.Name)));
    }

    static bool IsSameTask(EnvironmentDefinition definition, EnvironmentIdentity evaluated, EnvironmentIdentity recorded) =>
        AllParameters(definition).All(p => !p.IsStructural || Value(definition, evaluated, p.Name).Equals(Value(definition, recorded, p.Name)));

    static bool HasSameOthers(EnvironmentDefinition definition, EnvironmentIdentity evaluated, EnvironmentIdentity recorded) =>
        evaluated.Parameters.Keys.Union(recorded.Parameters.Keys).Where(name => Parameter(definition, name) is null)
            .All(name => evaluated.Parameters.TryGetValue(name, out var e) && recorded.Parameters.TryGetValue(name, out var r) && e.Equals(r));

    static ParameterDefinition Undeclared(string name) =>
        new(name, 0, "", new Interval(double.MinValue, double.MaxValue), new Interval(double.MinValue, double.MaxValue), []);

    // Some parameter in a held-out interval, every other one there or in its recordable interval.
    static bool IsHeldOut(EnvironmentDefinition definition, EnvironmentIdentity identity)
    {
        var parameters = AllParameters(definition).Select(p => (Definition: p, Value: Value(definition, identity, p.Name))).ToList();
        return parameters.Any(p => !p.Definition.Recordable.Contains(p.Value))
            && parameters.All(p => p.Definition.Recordable.Contains(p.Value) || p.Definition.HeldOut.Any(h => h.Contains(p.Value)));
    }

    static double Value(EnvironmentDefinition definition, EnvironmentIdentity identity, string name) =>
        identity.Parameters.TryGetValue(name, out var value) ? value : Parameter(definition, name)!.Default;

    // A definition's own parameter comes before a wrapper's of the same name.
    static IEnumerable<ParameterDefinition> AllParameters(EnvironmentDefinition definition) =>
        definition.Parameters.Concat(WrapperParameters.Of(definition));

    static ParameterDefinition? Parameter(EnvironmentDefinition definition, string name) =>
        AllParameters(definition).FirstOrDefault(p => p.Name == name);

    // An identity may come from a file about an environment that is not here: that is no error.
    static EnvironmentDefinition? Known(string id)
    {
        try
        {
            return Base(id);
        }
        catch (UserErrorException)
        {
            return null;
        }
    }

    // Without wrappers.
    static EnvironmentDefinition Base(string id)
    {
        var name = EnvironmentId.Parse(id).Name;
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && Schemes.FirstOrDefault(s => s.Name == name[..colon]) is { } scheme)
            return Opened.GetOrAdd(name, static (name, scheme) => new(() => scheme.Open(name)), scheme).Value;
        if (colon > 0)
            throw Throw.UnknownScheme(name, name[..colon], Schemes);
        return All.FirstOrDefault(d => d.Id == name) ?? throw Throw.UnknownEnvironment(name, [.. All.Select(d => d.Id), .. Schemes.Select(s => s.Form)]);
    }
}
