using System.Text;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>Fields of one protobuf message, in the order they come.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;
    private int _wireType;

    /// <summary>Number of the field the reader stands at.</summary>
    public int Field { get; private set; }

    /// <returns>False at the end of the message.</returns>
    /// <exception cref="DecodeException">Bytes that are no field.</exception>
    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        var tag = RawVarint();
        Field = (int)(tag >> 3);
        _wireType = (int)(tag & 7);
        return Field > 0 ? true : throw new DecodeException("proto: illegal tag 0");
    }

    public ulong Varint() => _wireType == 0 ? RawVarint() : throw WrongType();

    public ReadOnlySpan<byte> Fixed64() => _wireType == 1 ? Take(8) : throw WrongType();

    public ReadOnlySpan<byte> Bytes() => _wireType == 2 ? Take(RawVarint()) : throw WrongType();

    public string Text() => Encoding.UTF8.GetString(Bytes());

    public void Skip()
    {
        switch (_wireType)
        {
            case 0:
                RawVarint();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                Take(RawVarint());
                break;
            case 5:
                Take(4);
                break;
            default:
                throw WrongType();
        }
    }

    private ulong RawVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new DecodeException("proto: integer overflow");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)_rest.Length)
        {
            throw new DecodeException("unexpected EOF");
        }

        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    private readonly DecodeException WrongType() => new($"proto: wrong wireType = {_wireType} for field {Field}");
}
