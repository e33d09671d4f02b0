using System.Buffers.Text;
using System.Text.Json;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>
/// Goes through JSON that is known to be well-formed, because it was read when it was stored: nothing is checked twice. Commas and
/// colons count as white space.
/// </summary>
/// <remarks>JSON that is not well-formed ends in an exception, sooner or later, and never in a read outside of it.</remarks>
internal ref struct JsonCursor(ReadOnlySpan<byte> json)
{
    private readonly ReadOnlySpan<byte> _json = json;
    private int _at;

    /// <summary>The first byte of the next value, name or end.</summary>
    public byte Peek()
    {
        while (_json[_at] is (byte)',' or (byte)':' or (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            _at++;
        }

        return _json[_at];
    }

    /// <summary>Enters an object or an array.</summary>
    /// <exception cref="FormatException">The next value is something else.</exception>
    public void Enter(byte open)
    {
        if (Peek() != open)
        {
            throw new FormatException($"'{(char)open}' expected at {_at}, found '{(char)_json[_at]}'");
        }

        _at++;
    }

    /// <summary>Leaves the object or array when it is over.</summary>
    public bool Leave(byte close)
    {
        if (Peek() != close)
        {
            return false;
        }

        _at++;
        return true;
    }

    /// <summary>A string's bytes between the quotes, or a name's.</summary>
    /// <param name="escaped">The same with the quotes if escapes are among them, for a reader that knows them; else empty.</param>
    /// <exception cref="FormatException">The next value is something else.</exception>
    public ReadOnlySpan<byte> Text(out ReadOnlySpan<byte> escaped)
    {
        Enter((byte)'"');
        var start = _at;
        escaped = PassString() ? _json[(start - 1).._at] : [];
        return _json[start..(_at - 1)];
    }

    /// <summary>The bytes of the next value, whatever it is.</summary>
    public ReadOnlySpan<byte> Value()
    {
        var first = Peek();
        var start = _at;
        switch (first)
        {
            case (byte)'"':
                _at++;
                PassString();
                break;
            case (byte)'{' or (byte)'[':
                PassNested();
                break;
            default:
                while (_at < _json.Length && _json[_at] is not ((byte)',' or (byte)'}' or (byte)']' or (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
                {
                    _at++;
                }

                break;
        }

        return _json[start.._at];
    }

    /// <exception cref="FormatException">The next value is no integer.</exception>
    public long Integer()
    {
        var digits = Value();
        return Utf8Parser.TryParse(digits, out long number, out var used) && used == digits.Length
            ? number
            : throw new FormatException("an integer expected");
    }

    /// <summary>A reader of the next value alone, for what is rare or has rules of its own.</summary>
    public Utf8JsonReader Reader() => ReaderOf(Value());

    /// <summary>A reader at the one token of a string, number or word.</summary>
    public static Utf8JsonReader ReaderOf(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        reader.Read();
        return reader;
    }

    /// <returns>Whether there were escapes.</returns>
    private bool PassString()
    {
        var isEscaped = false;
        while (true)
        {
            var rest = _json[_at..];
            var found = rest.IndexOfAny((byte)'"', (byte)'\\');
            if (rest[found] == (byte)'"')
            {
                _at += found + 1;
                return isEscaped;
            }

            isEscaped = true;
            _at += found + 2;
        }
    }

    private void PassNested()
    {
        var depth = 0;
        do
        {
            switch (_json[_at++])
            {
                case (byte)'"':
                    PassString();
                    break;
                case (byte)'{' or (byte)'[':
                    depth++;
                    break;
                case (byte)'}' or (byte)']':
                    depth--;
                    break;
            }
        }
        while (depth > 0);
    }
}
