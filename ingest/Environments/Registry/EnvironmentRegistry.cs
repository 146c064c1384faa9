using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Every environment by id. An id may set parameters: <c>CartPole-v1?length=0.8&amp;gravity=12</c>.</summary>
public static class EnvironmentRegistry
{
    /// <summary>All definitions, in ordinal order of their ids.</summary>
    public static IReadOnlyList<EnvironmentDefinition> All { get; } = [CartPoleDefinition.Create()];

    /// <summary>A batch of instances; <see cref="IVectorEnvironment.Reset"/> it before the first step.</summary>
    /// <param name="id">An id, with parameters or without.</param>
    /// <param name="count">Instances, at least 1.</param>
    /// <exception cref="UserErrorException">The id, a parameter or a value is not known.</exception>
    public static IVectorEnvironment Make(string id, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return Definition(id).Create(Resolve(id), count);
    }

    /// <summary>The definition that an id names; parameters are ignored.</summary>
    /// <exception cref="UserErrorException">There is no such environment.</exception>
    public static EnvironmentDefinition Definition(string id)
    {
        var name = EnvironmentId.Parse(id).Name;
        return All.FirstOrDefault(d => d.Id == name) ?? throw Throw.UnknownEnvironment(name, All.Select(d => d.Id));
    }

    /// <summary>The identity that an id names: its parameters over the defaults.</summary>
    /// <exception cref="UserErrorException">The id, a parameter or a value is not known.</exception>
    public static EnvironmentIdentity Resolve(string id)
    {
        var definition = Definition(id);
        var values = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var p in definition.Parameters)
            values[p.Name] = p.Default;
        foreach (var (name, text) in EnvironmentId.Parse(id).Parameters)
        {
            var p = definition.Parameters.FirstOrDefault(p => p.Name == name)
                ?? throw Throw.UnknownParameter(id, name, definition.Parameters.Select(p => p.Name));
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !p.Valid.Contains(value))
                throw Throw.ParameterOutside(id, p, text);
            values[name] = value;
        }

        return new EnvironmentIdentity(definition.Id, values);
    }

    /// <summary>
    /// The shortest id that resolves to an identity: parameters that have their default are left out.
    /// An identity that the registry does not know is written with all of them.
    /// </summary>
    public static string ShortId(EnvironmentIdentity identity)
    {
        var definition = All.FirstOrDefault(d => d.Id == identity.Id);
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
        var definition = All.FirstOrDefault(d => d.Id == evaluated.Id);
        return definition is not null && definition.IsHeldOut(evaluated) ? VariantLabel.HeldOut : VariantLabel.Unknown;
    }

    /// <summary>Resolves an id that is to be recorded.</summary>
    /// <exception cref="UserErrorException">The id is not known, or lies outside the recordable box.</exception>
    public static EnvironmentIdentity ResolveRecordable(string id)
    {
        var identity = Resolve(id);
        var definition = Definition(id);
        var outside = definition.Parameters.FirstOrDefault(p => !p.Recordable.Contains(identity.Parameters[p.Name]));
        return outside is null ? identity : throw Throw.NotRecordable(id, outside, identity.Parameters[outside.Name]);
    }
}
