using System.Buffers.Binary;
using System.Net;

namespace Dataplane.Kubelet.Sandbox;

/// <summary>
/// Hands out pod addresses of an IPv4 range. A reservation is a file named after the address with the pod's uid in it, so
/// that a restarted agent never gives away an address that a pod still has.
/// </summary>
/// <remarks>The network's, the gateway's (first) and the broadcast address are never handed out. Safe for several threads.</remarks>
internal sealed class AddressPool
{
    private readonly Lock _gate = new();
    private readonly string _directory;
    private readonly Dictionary<uint, string> _owners = [];
    private readonly uint _first;
    private readonly uint _last;
    private uint _next;

    /// <exception cref="ArgumentException">The range is not IPv4 or has no room for a pod.</exception>
    internal AddressPool(IPNetwork range, string directory)
    {
        if (range.BaseAddress.GetAddressBytes().Length != 4 || range.PrefixLength > 29)
        {
            throw new ArgumentException($"pod CIDR {range} must be IPv4 and at least a /29");
        }

        var network = Number(range.BaseAddress);
        Gateway = Address(network + 1);
        _first = network + 2;
        _last = network + (uint)((1UL << (32 - range.PrefixLength)) - 2);
        _next = _first;
        _directory = directory;
        Directory.CreateDirectory(directory);
        Load();
    }

    internal IPAddress Gateway { get; }

    /// <summary>The pod's address, a new one or the one it has.</summary>
    /// <exception cref="InvalidOperationException">Every address is taken.</exception>
    internal IPAddress Reserve(string uid)
    {
        lock (_gate)
        {
            foreach (var (address, owner) in _owners)
            {
                if (owner == uid)
                {
                    return Address(address);
                }
            }

            // On from the last one: an address that was just freed may still be in somebody's connection table.
            for (var tried = _first; tried <= _last; tried++)
            {
                var candidate = _next;
                _next = _next == _last ? _first : _next + 1;
                if (!_owners.ContainsKey(candidate))
                {
                    File.WriteAllText(FileOf(candidate), uid);
                    _owners.Add(candidate, uid);
                    return Address(candidate);
                }
            }
        }

        throw new InvalidOperationException($"no free addresses in range {Address(_first)}-{Address(_last)}");
    }

    /// <summary>Idempotent.</summary>
    internal void Release(string uid)
    {
        lock (_gate)
        {
            foreach (var address in _owners.Where(pair => pair.Value == uid).Select(pair => pair.Key).ToArray())
            {
                File.Delete(FileOf(address));
                _owners.Remove(address);
            }
        }
    }

    private void Load()
    {
        foreach (var file in Directory.EnumerateFiles(_directory))
        {
            var uid = File.ReadAllText(file).Trim();
            if (IPAddress.TryParse(Path.GetFileName(file), out var address) && address.GetAddressBytes().Length == 4
                && Number(address) is var number && number >= _first && number <= _last && uid.Length > 0)
            {
                _owners[number] = uid;
                _next = Math.Max(_next, number == _last ? _first : number + 1);
            }
            else
            {
                // Another range's, or half written when the machine went down.
                File.Delete(file);
            }
        }
    }

    private string FileOf(uint address) => Path.Combine(_directory, Address(address).ToString());

    private static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static IPAddress Address(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
