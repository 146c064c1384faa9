using System.Collections.Concurrent;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>What the registry knows of an external environment: what its file declares, and what its server says when asked once for each set of parameters.</summary>
sealed class ExternalDefinition(string id, ExternalCommand command, string environment, ExternalConfig config)
{
    // By what is asked of the server.
    readonly ConcurrentDictionary<string, Lazy<ServerDescription>> _descriptions = new(StringComparer.Ordinal);

    /// <exception cref="UserErrorException">The server cannot be asked.</exception>
    public EnvironmentDefinition Open()
    {
        var server = Ask([]);
        var declared = config.Parameters.Select(p => p.Value.Define(p.Key));
        var others = server.Parameters.Where(p => !config.Parameters.ContainsKey(p.Key))
            .Select(p => new ParameterDefinition(p.Key, p.Value, "", ExternalParameter.Everywhere, ExternalParameter.Everywhere, []));
        var definition = new EnvironmentDefinition
        {
            Id = id,
            Description = new[] { config.Description, server.Description, "An external environment." }.First(text => text.Length > 0),
            ObservationSpace = server.ObservationSpace,
            ActionSpace = server.ActionSpace,
            MaxEpisodeSteps = server.MaxEpisodeSteps ?? int.MaxValue,
            Parameters = [.. declared.Concat(others).OrderBy(p => p.Name, StringComparer.Ordinal)],
            TakesOtherParameters = true,
            HeldOutVariants = [.. config.HeldOutVariants.Select(v => new HeldOutVariant(v.Key, new EnvironmentIdentity(id, v.Value).ToString()))],
            ReferenceRandomReturn = config.ReferenceRandomReturn ?? server.Reference?.Random,
            ReferenceExpertReturn = config.ReferenceExpertReturn ?? server.Reference?.Expert,
            ReferenceSource = config.ReferenceSource.Length > 0 ? config.ReferenceSource : server.Reference?.Source ?? "the server",
            Requirement = $"{command.Words[0]}, started as: {command}",
        };
        var adapted = Adapt(definition, definition.DefaultIdentity);
        return adapted with
        {
            Adapt = identity => Adapt(definition, identity),
            Create = (identity, count) => Start(identity, count, render: false),
            CreateRendered = (identity, count) => Start(identity, count, render: true),
        };

        IVectorEnvironment Start(EnvironmentIdentity identity, int count, bool render)
        {
            var asked = Asked(definition, identity);
            var described = Ask(asked);
            return ExternalEnvironment.Start(command, environment, identity, asked, count, render, (described.ObservationSpace, described.ActionSpace));
        }
    }

    EnvironmentDefinition Adapt(EnvironmentDefinition definition, EnvironmentIdentity identity)
    {
        var server = Ask(Asked(definition, identity));
        return definition with
        {
            ObservationSpace = server.ObservationSpace,
            ActionSpace = server.ActionSpace,
            MaxEpisodeSteps = server.MaxEpisodeSteps ?? int.MaxValue,
        };
    }

    // What the server has by itself need not be asked of it; what belongs to wrappers must not.
    SortedDictionary<string, double> Asked(EnvironmentDefinition definition, EnvironmentIdentity identity)
    {
        var own = Ask([]).Parameters;
        return new SortedDictionary<string, double>(
            identity.Parameters
                .Where(p => definition.Parameters.Any(d => d.Name == p.Key) || WrapperParameters.All.All(w => w.Name != p.Key))
                .Where(p => !own.TryGetValue(p.Key, out var value) || !value.Equals(p.Value))
                .ToDictionary(StringComparer.Ordinal),
            StringComparer.Ordinal);
    }

    ServerDescription Ask(SortedDictionary<string, double> parameters)
    {
        var name = new EnvironmentIdentity(id, parameters).ToString();
        return _descriptions.GetOrAdd(name, name => new(() => ExternalEnvironment.Probe(command, environment, name, parameters))).Value;
    }
}
