package kit

import (
	"fmt"
	"testing"
)

func TestMeasureTexts(t *testing.T) {
	body := []byte(`{"text":"ab","other":"xyz","list":[{"text":"ü"},{"deep":{"value":"1","text":{"text":"€"}}}],"value":3}`)
	if n := MeasureTexts(body, Runes, "text", "value"); n != 5 {
		t.Errorf("%d characters", n)
	}
	if n := MeasureTexts(body, Bytes, "text"); n != 7 {
		t.Errorf("%d bytes", n)
	}
	if n := MeasureTexts([]byte("no JSON"), Bytes, "text"); n != 0 {
		t.Errorf("%d of nothing", n)
	}
}

func TestWhole(t *testing.T) {
	if got := fmt.Sprint(Whole(10)([]byte("abc"))); got != "[{the whole message 3 10 bytes}]" {
		t.Error(got)
	}
}
