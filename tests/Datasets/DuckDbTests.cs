using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class DuckDbTests : IDisposable
{
    readonly DuckDbDatabase _database = DuckDbDatabase.OpenInMemory();
    readonly DuckDbConnection _connection;

    public DuckDbTests() => _connection = _database.Connect();

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    [Fact]
    public void Query_OfNumbersOfEveryWidth_GivesThemInPlace()
    {
        using DuckDbResult result = _connection.Query(
            "SELECT true, 1::TINYINT, -2::SMALLINT, 3::INTEGER, -4::BIGINT, 5::UTINYINT, 6::USMALLINT, 7::UINTEGER, 8::UBIGINT, 1.5::FLOAT, -2.25::DOUBLE");
        using DuckDbChunk chunk = Assert.IsType<DuckDbChunk>(result.Next());
        Assert.True(chunk[0].Values<bool>()[0]);
        Assert.Equal(1, chunk[1].Values<sbyte>()[0]);
        Assert.Equal(-2, chunk[2].Values<short>()[0]);
        Assert.Equal(3, chunk[3].Values<int>()[0]);
        Assert.Equal(-4, chunk[4].Values<long>()[0]);
        Assert.Equal(5, chunk[5].Values<byte>()[0]);
        Assert.Equal(6, chunk[6].Values<ushort>()[0]);
        Assert.Equal(7u, chunk[7].Values<uint>()[0]);
        Assert.Equal(8ul, chunk[8].Values<ulong>()[0]);
        Assert.Equal(1.5f, chunk[9].Values<float>()[0]);
        Assert.Equal(-2.25, chunk[10].Values<double>()[0]);
        Assert.Null(result.Next());
    }

    [Fact]
    public void Vector_ReadAsAnotherWidth_Throws()
    {
        using DuckDbResult result = _connection.Query("SELECT 3::INTEGER");
        using DuckDbChunk chunk = result.Next()!;
        Assert.Contains("Integer", Assert.Throws<InvalidOperationException>(() => chunk[0].Values<long>().Length).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => chunk[0].Text(0));
    }

    [Fact]
    public void Query_OfTextsAndBlobs_GivesShortAndLongOnes()
    {
        string twelve = "exactly12byt", longer = "more than twelve bytes, with äöü";
        using DuckDbResult result = _connection.Query("SELECT unnest([?, ?, '', NULL]), ?::BLOB", twelve, longer, new byte[] { 0, 255, 7 });
        using DuckDbChunk chunk = result.Next()!;
        Assert.Equal(twelve, chunk[0].Text(0));
        Assert.Equal(longer, chunk[0].Text(1));
        Assert.Equal("", chunk[0].Text(2));
        Assert.False(chunk[0].IsNull(2));
        Assert.True(chunk[0].IsNull(3));
        Assert.Equal([0, 255, 7], chunk[1].Bytes(0).ToArray());
    }

    [Fact]
    public void Query_OfLists_GivesOffsetsIntoOneChild()
    {
        using DuckDbResult result = _connection.Query("SELECT unnest([[1.5, 2.5], NULL, [], [3.5]]::FLOAT[][])");
        Assert.Equal(DuckDbType.List, result.ColumnType(0));
        Assert.Equal(DuckDbType.Float, result.ElementType(0));
        using DuckDbChunk chunk = result.Next()!;
        DuckDbVector column = chunk[0];
        float[] Row(DuckDbVector vector, int row) => vector.Child.Values<float>().Slice((int)vector.Lists[row].Offset, (int)vector.Lists[row].Length).ToArray();
        Assert.Equal([1.5f, 2.5f], Row(column, 0));
        Assert.True(column.IsNull(1));
        Assert.Empty(Row(column, 2));
        Assert.Equal([3.5f], Row(column, 3));
    }

    [Fact]
    public void Query_OfArrays_GivesTheirFixedSize()
    {
        using DuckDbResult result = _connection.Query("SELECT unnest([[1, 2, 3], [4, 5, 6]]::INTEGER[3][])");
        using DuckDbChunk chunk = result.Next()!;
        Assert.Equal(3, chunk[0].ArraySize);
        Assert.Equal([1, 2, 3, 4, 5, 6], chunk[0].Child.Values<int>().ToArray());
    }

    [Fact]
    public void Query_OfMoreThanOneChunk_GivesEveryRowOnce()
    {
        foreach (bool stream in new[] { false, true })
        {
            using DuckDbResult result = stream ? _connection.Stream("SELECT range FROM range(5000)") : _connection.Query("SELECT range FROM range(5000)");
            long sum = 0, rows = 0;
            while (result.Next() is { } chunk)
            {
                using (chunk)
                {
                    rows += chunk.Rows;
                    foreach (long value in chunk[0].Values<long>())
                    {
                        sum += value;
                    }
                }
            }

            Assert.Equal(5000, rows);
            Assert.Equal(5000L * 4999 / 2, sum);
        }
    }

    [Theory]
    [InlineData("it's")]
    [InlineData("\"; DROP TABLE t; --")]
    [InlineData("")]
    public void Parameters_AreBoundAndNeverPasted(string text)
    {
        using DuckDbResult result = _connection.Query("SELECT ?, ?, ?, ?, ?, ?", text, 1L << 40, 2.5, true, null, 1.5f);
        using DuckDbChunk chunk = result.Next()!;
        Assert.Equal(text, chunk[0].Text(0));
        Assert.Equal(1L << 40, chunk[1].Values<long>()[0]);
        Assert.Equal(2.5, chunk[2].Values<double>()[0]);
        Assert.True(chunk[3].Values<bool>()[0]);
        Assert.True(chunk[4].IsNull(0));
        Assert.Equal(1.5, chunk[5].Values<double>()[0]);
    }

    [Fact]
    public void Parameters_OfAnotherCount_Throw() =>
        Assert.Contains("has 1 parameters, 2", Assert.Throws<ArgumentException>(() => _connection.Query("SELECT ?", 1, 2)).Message, StringComparison.Ordinal);

    [Fact]
    public void Quoting_OfNamesAndTexts_HoldsWhateverTheyContain()
    {
        string name = "a\"b' c", text = "it's \"quoted\"";
        using DuckDbResult result = _connection.Query($"SELECT {DuckDbSql.Text(text)} AS {DuckDbSql.Name(name)}");
        Assert.Equal(name, result.ColumnName(0));
        using DuckDbChunk chunk = result.Next()!;
        Assert.Equal(text, chunk[0].Text(0));
    }

    [Theory]
    [InlineData("SELEC 1", "syntax error")]
    [InlineData("SELECT * FROM no_such_table", "no_such_table")]
    [InlineData("SELECT 'x'::INTEGER", "Could not convert")]
    public void Failure_CarriesDuckDbsText(string sql, string expected) =>
        Assert.Contains(expected, Assert.Throws<DuckDbException>(() => _connection.Query(sql)).Message, StringComparison.OrdinalIgnoreCase);

    [Theory]
    [InlineData("SET threads = 1")]
    [InlineData("SET autoload_known_extensions = true")]
    [InlineData("SET enable_external_access = true")]
    public void Configuration_IsLocked(string sql) =>
        Assert.Contains("locked", Assert.Throws<DuckDbException>(() => _connection.Execute(sql)).Message, StringComparison.Ordinal);

    [Fact]
    public void Extensions_AreNotLoaded()
    {
        Assert.Throws<DuckDbException>(() => _connection.Query("SELECT * FROM read_csv('https://localhost:1/x.csv')"));
        using DuckDbResult result = _connection.Query(
            "SELECT count(*) FROM duckdb_settings() WHERE name IN ('autoload_known_extensions', 'autoinstall_known_extensions', 'allow_community_extensions') AND value = 'false'");
        using DuckDbChunk chunk = result.Next()!;
        Assert.Equal(3, chunk[0].Values<long>()[0]);
    }

    [Fact]
    public void FileAccess_CanBeOff()
    {
        using DuckDbDatabase closed = DuckDbDatabase.OpenInMemory(new() { FileAccess = false, Threads = 1, MemoryLimit = "100MB" });
        using DuckDbConnection connection = closed.Connect();
        Assert.Contains("disabled", Assert.Throws<DuckDbException>(() => connection.Query("SELECT * FROM read_csv('/etc/passwd')")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Appender_OfChunks_FillsTheTable()
    {
        _connection.Execute("CREATE TABLE t (a BIGINT, b VARCHAR, c FLOAT[], d BLOB)");
        using (DuckDbAppender appender = _connection.Append("t"))
        {
            for (int chunk = 0; chunk < 3; chunk++)
            {
                int rows = chunk == 2 ? 5 : DuckDbAppender.Capacity;
                for (int row = 0; row < rows; row++)
                {
                    appender[0].Values<long>(rows)[row] = row;
                    appender[1].SetText(row, row % 2 == 0 ? null : $"row {row} of a certain length");
                    appender[3].SetBytes(row, [(byte)row]);
                }

                appender[2].AppendLists<float>(0, 3, [.. Enumerable.Range(0, rows * 3).Select(i => (float)i)]);
                appender[2].SetNulls(1, 2);
                appender.Flush(rows);
            }

            appender.Close();
        }

        using DuckDbResult result = _connection.Query(
            "SELECT count(*), sum(a), count(b), count(c), sum(c[3])::DOUBLE, max(octet_length(d)) FROM t WHERE a < 5");
        using DuckDbChunk counts = result.Next()!;
        Assert.Equal(15, counts[0].Values<long>()[0]);
        Assert.Equal(6, counts[2].Values<long>()[0]);
        Assert.Equal(9, counts[3].Values<long>()[0]);
        Assert.Equal(3 * (2.0 + 11 + 14), counts[4].Values<double>()[0]);
    }

    [Fact]
    public void Appender_ToNoTable_Throws() =>
        Assert.Contains("nowhere", Assert.Throws<DuckDbException>(() => _connection.Append("nowhere")).Message, StringComparison.Ordinal);
}
