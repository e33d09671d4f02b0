using System.Formats.Tar;
using System.IO.Compression;
using Dataplane.Linux.Mounts;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// A tar archive that changes a file system: <c>.wh.NAME</c> takes NAME away, <c>.wh..wh..opq</c> all that was in its directory.
/// Source: https://github.com/opencontainers/image-spec/blob/main/layer.md.
/// </summary>
internal static class ImageLayer
{
    private const string Whiteout = ".wh.";
    private const string Opaque = ".wh..wh..opq";
    private const int PermissionBits = 0xFFF;

    /// <summary>The archive's content, whether it is compressed or not.</summary>
    /// <exception cref="InvalidDataException">Compressed in a way that is not known here.</exception>
    internal static Stream Open(string archive)
    {
        var file = File.OpenRead(archive);
        try
        {
            var magic = new byte[4];
            var count = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
            file.Position = 0;
            return magic.AsSpan(0, count) switch
            {
                [0x1f, 0x8b, ..] => new GZipStream(file, CompressionMode.Decompress),
                [0x28, 0xb5, 0x2f, 0xfd] => throw new InvalidDataException("compressed with zstd, which is not supported"),
                _ => file,
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether an archive is an image with layers in it, and not a file system.</summary>
    internal static bool IsImage(Stream archive)
    {
        using var reader = new TarReader(archive, leaveOpen: true);
        while (reader.GetNextEntry() is { } entry)
        {
            if (Relative(entry.Name) is "manifest.json" or "index.json" or "oci-layout")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Applies a layer to what lower ones have made. Links on the way are followed within the root only.</summary>
    internal static void Unpack(string archive, string root)
    {
        using var content = Open(archive);
        using var reader = new TarReader(content);

        // The first before the root changes, for the sake of all assemblies that it needs.
        var entry = reader.GetNextEntry();
        RootDirectory.Run(root, () =>
        {
            for (; entry is not null; entry = reader.GetNextEntry())
            {
                Apply(entry);
            }
        });
    }

    private static void Apply(TarEntry entry)
    {
        var name = Relative(entry.Name);
        if (name.Length == 0)
        {
            Dataplane.Linux.Mounts.FileMode.Set("/", (int)entry.Mode & PermissionBits);
            return;
        }

        var path = "/" + name;
        var (parent, last) = (Path.GetDirectoryName(path)!, Path.GetFileName(path));
        Directory.CreateDirectory(parent);
        if (last == Opaque)
        {
            foreach (var below in Directory.EnumerateFileSystemEntries(parent))
            {
                Remove(below);
            }

            return;
        }

        if (last.StartsWith(Whiteout, StringComparison.Ordinal))
        {
            Remove(Path.Combine(parent, last[Whiteout.Length..]));
            return;
        }

        Make(entry, path);
    }

    private static void Make(TarEntry entry, string path)
    {
        var mode = (int)entry.Mode & PermissionBits;
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                if (new FileInfo(path).LinkTarget is not null || !Directory.Exists(path))
                {
                    Remove(path);
                    Directory.CreateDirectory(path);
                }

                break;
            case TarEntryType.SymbolicLink:
                Remove(path);
                File.CreateSymbolicLink(path, entry.LinkName);
                RootDirectory.SetOwner(path, entry.Uid, entry.Gid);
                return;
            case TarEntryType.HardLink:
                Remove(path);
                RootDirectory.MakeHardLink("/" + Relative(entry.LinkName), path);
                return;
            case TarEntryType.Fifo:
                Remove(path);
                RootDirectory.MakePipe(path, mode);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                Remove(path);
                using (var file = File.Create(path))
                {
                    entry.DataStream?.CopyTo(file);
                }

                break;
            default:
                // Device nodes: a container has its own /dev, and others would not be usable.
                return;
        }

        // The owner first: changing it clears the set-user-ID bit.
        RootDirectory.SetOwner(path, entry.Uid, entry.Gid);
        Dataplane.Linux.Mounts.FileMode.Set(path, mode);
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path) && new FileInfo(path).LinkTarget is null)
        {
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    }

    /// <exception cref="InvalidDataException">The name leads upwards.</exception>
    private static string Relative(string name)
    {
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        return Array.IndexOf(parts, "..") < 0 ? string.Join('/', parts) : throw new InvalidDataException($"entry \"{name}\" leads out of the image");
    }
}
