using OfflineRL.Datasets;

namespace OfflineRL.Environments;

static partial class Throw
{
    public static UserErrorException MujocoNotSetUp(EnvironmentIdentity identity, string missing) =>
        new($"Environment '{identity.Id}' needs MuJoCo, which is not set up: {missing}.");
}
