package config

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// Fingerprint changes when the content of a file does that the configuration was
// made from: its own, a secret's, a template's. It reads them, for the times of
// mounted files tell little.
func (c *Config) Fingerprint() string {
	files := append([]string{}, c.Files...)
	if c.Templates != "" {
		for _, pattern := range []string{"*.y*ml", "*/*.y*ml"} { // the second for translations
			found, _ := filepath.Glob(filepath.Join(c.Templates, pattern)) // a folder that is gone has no files
			files = append(files, found...)
		}
	}
	sum := sha256.New()
	for _, name := range files {
		data, err := os.ReadFile(name)
		fmt.Fprintf(sum, "%q %v %x\n", name, err != nil, sha256.Sum256(data))
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}
