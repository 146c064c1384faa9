using System.Diagnostics;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Ingest;

/// <summary>Every error of this project.</summary>
[StackTraceHidden]
static class Throw
{
    public static UserErrorException PolicyDoesNotFit(string spec, IPolicy policy, EnvironmentDefinition environment) =>
        new($"Policy '{spec}' does not fit {environment.Id}: it takes {policy.ObservationSpace} and gives {policy.ActionSpace}; the environment has {environment.ObservationSpace} and {environment.ActionSpace}.");
}
