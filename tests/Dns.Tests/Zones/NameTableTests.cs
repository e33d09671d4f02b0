using System.Text;
using Dataplane.Dns.Zones;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.Dns.Tests.Zones;

public sealed class NameTableTests
{
    [Fact]
    public void AnySequenceOfChangesLeavesWhatADictionaryWouldHold()
    {
        var change = Gen.Choose(0, 999).SelectMany(key => Gen.Choose(0, 3).Select(kind => (key, remove: kind == 0)));
        Prop.ForAll(Gen.ArrayOf(change, 2000).ToArbitrary(), changes =>
        {
            var table = NameTable<string>.Empty;
            var expected = new Dictionary<int, string>();
            foreach (var batch in changes.Chunk(300))
            {
                var before = (table, count: table.Count);
                var builder = table.ToBuilder();
                foreach (var (key, remove) in batch)
                {
                    if (remove)
                    {
                        Assert.Equal(expected.Remove(key), builder.Remove(Key(key)));
                    }
                    else
                    {
                        expected[key] = $"{key}";
                        builder.Set(Key(key), expected[key]);
                    }
                }

                table = builder.ToTable();
                Assert.Equal(before.count, before.table.Count);
            }

            Assert.Equal(expected.Count, table.Count);
            for (var key = 0; key < 1000; key++)
            {
                Assert.Equal(expected.GetValueOrDefault(key), table.TryGet(Key(key), out var value) ? value : null);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20));
    }

    [Fact]
    public void AnOlderVersionNeverChanges()
    {
        var builder = NameTable<string>.Empty.ToBuilder();
        for (var i = 0; i < 5000; i++)
        {
            builder.Set(Key(i), "old");
        }

        var old = builder.ToTable();
        builder = old.ToBuilder();
        for (var i = 0; i < 5000; i += 2)
        {
            builder.Set(Key(i), "new");
            builder.Remove(Key(i + 1));
        }

        var now = builder.ToTable();
        Assert.Equal((5000, 2500), (old.Count, now.Count));
        for (var i = 0; i < 5000; i++)
        {
            Assert.True(old.TryGet(Key(i), out var before));
            Assert.Equal("old", before);
            Assert.Equal(i % 2 == 0 ? "new" : null, now.TryGet(Key(i), out var after) ? after : null);
        }
    }

    [Fact]
    public void NothingChangedIsTheSameTable()
    {
        var table = NameTable<string>.Empty;
        Assert.Same(table, table.ToBuilder().ToTable());
    }

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes($"key-number-{number}");
}
