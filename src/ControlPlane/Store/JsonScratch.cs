using System.Buffers;

namespace Dataplane.ControlPlane.Store;

/// <summary>Room for the JSON of one object after the other, for those that are not kept as they are served.</summary>
internal sealed class JsonScratch : IDisposable
{
    private byte[] _bytes = [];

    /// <summary>An object's JSON; valid until the next one is asked for.</summary>
    public ReadOnlyMemory<byte> Of(StoredObject obj)
    {
        if (obj.IsWhole)
        {
            return obj.Json;
        }

        if (_bytes.Length < obj.JsonLength)
        {
            Dispose();
            _bytes = ArrayPool<byte>.Shared.Rent(obj.JsonLength);
        }

        obj.CopyJsonTo(_bytes);
        return _bytes.AsMemory(0, obj.JsonLength);
    }

    public void Dispose()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }
}
