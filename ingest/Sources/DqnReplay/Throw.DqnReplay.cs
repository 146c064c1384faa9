using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Of replay buffers' checkpoints.</summary>
static partial class Throw
{
    public static UserErrorException NotAStore(string path) =>
        new($"{path}: a gzipped NumPy array whose name is not that of a replay buffer's store; expected '$store$_observation_ckpt.N.gz' with those of action, reward and terminal beside it. For a lone array, unzip it.");

    public static UserErrorException MissingStore(string path, string beside) =>
        new($"{path}: there is no such file beside {beside}; expected the stores observation, action, reward and terminal of every checkpoint.");

    public static UserErrorException PromisesTooMuch(string path, string array, long bytes) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: it promises {array}, more than its {bytes} bytes can unpack to. It is truncated or damaged: copy it again."));

    public static UserErrorException StoreTypes(string path, IReadOnlyList<StagedColumn> columns) =>
        new($"{path}: the stores are {string.Join(", ", columns)}; expected whole numbers as actions, and one reward and one end flag a row.");

    public static UserErrorException AddCount(string path, ArrayInfo array) =>
        new($"{path}: it holds {array}; expected one whole number, the count of rows that were ever added.");
}
